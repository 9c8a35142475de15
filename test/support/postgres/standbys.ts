import { setTimeout as sleep } from 'node:timers/promises'
import type { PostgresServer } from './server.js'

let probes = 0

/** Demands synchronous standbys, and resolves once commits wait for them; '' demands none. */
export async function setStandbys(postgres: PostgresServer, names: string): Promise<void> {
  await postgres.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`)
  await postgres.query('SELECT pg_reload_conf()')
  // The server heeds it some time after it was told.
  while (names !== '' && !(await aCommitWaits(postgres))) await sleep(20)
}

async function aCommitWaits(postgres: PostgresServer): Promise<boolean> {
  const probe = { outcome: 'pending' }
  const name = `probe_${++probes}`
  const done = postgres.query(`CREATE TABLE ${name} ()`).then(
    () => (probe.outcome = 'committed'),
    () => (probe.outcome = 'ended'),
  )
  const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE wait_event = 'SyncRep' AND query LIKE '%${name}%'`
  while (probe.outcome === 'pending') {
    await sleep(20)
    await postgres.query(end)
  }
  return (await done) === 'ended'
}
