import type { Revocade } from 'revocade'
import { expect, it } from 'vitest'
import { RedisStore } from '#dist/store/redis/index.js'
import { open, verdict } from '../support/engine.js'
import { startSentinel } from '../support/redis/sentinel.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { DURABLE } from './support.js'

const NOW = Math.floor(Date.now() / 1000)
const token = (jti: string) => ({ jti, iss: 'i', exp: NOW + 3600 })
const PATIENCE = { timeout: 60_000 }

async function withReplica(): Promise<{ master: RedisServer; replica: RedisServer; hosts: string }> {
  const master = await startRedis({ args: [...DURABLE, '--repl-diskless-sync-delay', '0'] })
  const replica = await startRedis({ args: [...DURABLE, '--replicaof', '127.0.0.1', `${master.port}`] })
  await expect.poll(() => replica.command('INFO', 'replication'), PATIENCE).toContain('master_link_status:up')
  return { master, replica, hosts: await startSentinel(master) }
}

/** Revokes until it has succeeded. */
async function revoked(engine: Revocade, jti: string): Promise<void> {
  const once = (): Promise<boolean> =>
    engine.revoke(token(jti)).then(
      () => true,
      () => false,
    )
  await expect.poll(once, PATIENCE).toBe(true)
}

it('a failover loses nothing that a replica had to acknowledge, and engines go on', async () => {
  const { master, hosts } = await withReplica()
  const store = `redis://${hosts}?wait=1`
  const [one, other] = [
    await open({ store, maxStalenessMs: 200 }),
    await open({ store, maxStalenessMs: 200 }),
  ]
  const acknowledged: string[] = []
  let running = true
  const revoker = async (_: unknown, worker: number): Promise<void> => {
    for (let n = 0; running; n++) {
      const jti = `${worker}-${n}`
      await one.revoke(token(jti)).then(
        () => acknowledged.push(jti),
        () => undefined,
      )
    }
  }
  const revokers = Array.from({ length: 4 }, revoker)
  await expect.poll(() => acknowledged.length, PATIENCE).toBeGreaterThan(100)
  await master.kill()
  running = false
  await Promise.all(revokers)
  // The new master has no replica, so that none can acknowledge.
  const reopen = (): Promise<Revocade> => open({ store: `redis://${hosts}`, maxStalenessMs: 200 })
  await expect
    .poll(
      () =>
        reopen().then(
          () => true,
          () => false,
        ),
      PATIENCE,
    )
    .toBe(true)
  const fresh = await reopen()
  for (const engine of [one, other, fresh]) {
    await expect.poll(() => verdict(engine, token('never')), PATIENCE).toBe('active')
    const lost = []
    for (const jti of acknowledged) if ((await verdict(engine, token(jti))) !== 'revoked') lost.push(jti)
    expect(lost).toEqual([])
  }
})

it('a failover that loses commits costs no rebuild, and engines write them again', async () => {
  const { master, replica, hosts } = await withReplica()
  const [one, other] = [
    await open({ store: new RedisStore(`redis://${hosts}`), maxStalenessMs: 200 }),
    await open({
      store: new RedisStore(`redis://${hosts}`, { writeTimeoutMs: 60_000 }),
      maxStalenessMs: 200,
    }),
  ]
  for (const jti of ['kept', 'freed']) await one.revoke(token(jti))
  await expect.poll(() => replica.command('HGET', '{revocade}:head', 'seq')).toBe('2')
  await expect.poll(() => verdict(other, token('freed'))).toBe('revoked')
  // From here on the replica can't log in to the master.
  await replica.command('CONFIG', 'SET', 'masterauth', 'wrong')
  await master.command('CLIENT', 'KILL', 'TYPE', 'replica')
  await expect.poll(() => replica.command('INFO', 'replication')).toContain('master_link_status:down')
  for (let n = 0; n < 20; n++) await one.revoke(token(`lost${n}`))
  await one.unrevoke(token('freed'))
  await other.revoke(token('lostToo'))
  await expect.poll(() => verdict(other, token('lost19'))).toBe('revoked')
  await expect.poll(() => verdict(one, token('lostToo'))).toBe('revoked')
  await master.kill()
  // As many as were lost: the new history reaches the same number.
  for (let n = 0; n < 22; n++) await other.revoke(token(`new${n}`))
  await expect.poll(() => one.stats().history, PATIENCE).toMatchObject({ rewritten: 20, lost: 1, pending: 0 })
  await expect
    .poll(() => other.stats().history, PATIENCE)
    .toMatchObject({ rewritten: 1, lost: 0, pending: 0 })
  const lost = ['lostToo', ...Array.from({ length: 20 }, (_, n) => `lost${n}`)]
  for (const engine of [one, other]) {
    // The un-revocation was lost, and not written again.
    for (const jti of ['kept', 'freed', 'new0', 'new21', ...lost])
      await expect.poll(() => verdict(engine, token(jti)), PATIENCE).toBe('revoked')
    await expect.poll(() => verdict(engine, token('never')), PATIENCE).toBe('active')
    expect(engine.stats().prefilter.rebuilds).toBe(1)
    expect(engine.stats().history.divergences).toBe(1)
  }
  // Not only these engines know of them.
  const fresh = await open({ store: `redis://${hosts}` })
  for (const jti of lost) expect(await verdict(fresh, token(jti))).toBe('revoked')
})

it('a store in a cluster is on one node, and survives the loss of that node', async () => {
  const args = [...DURABLE, '--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
  const nodes = [await startRedis({ args }), await startRedis({ args }), await startRedis({ args })]
  const [first] = nodes
  if (first === undefined) return
  for (const [i, node] of nodes.entries()) {
    await node.command('CLUSTER', 'ADDSLOTSRANGE', i * 5461, i === 2 ? 16_383 : i * 5461 + 5460)
    await node.command('CLUSTER', 'MEET', '127.0.0.1', first.port)
  }
  for (const node of nodes)
    await expect.poll(() => node.command('CLUSTER', 'INFO'), PATIENCE).toContain('cluster_state:ok')
  const store = `redis://${nodes.map(({ port }) => `127.0.0.1:${port}`).join()}`
  const [one, other] = [
    await open({ store, maxStalenessMs: 200 }),
    await open({ store, maxStalenessMs: 200 }),
  ]
  await Promise.all(Array.from({ length: 500 }, (_, n) => one.revoke(token(`t${n}`))))
  await expect.poll(() => verdict(other, token('t499')), PATIENCE).toBe('revoked')
  const sizes = await Promise.all(nodes.map((node) => node.command('DBSIZE')))
  expect(sizes.filter((size) => size !== 0)).toHaveLength(1)
  const holder = nodes[sizes.findIndex((size) => size !== 0)]
  await holder?.kill()
  await expect.poll(() => verdict(other, token('t0')), PATIENCE).toBe('unknown')
  await holder?.restart()
  await revoked(one, 'after')
  for (const jti of ['t0', 't499', 'after'])
    await expect.poll(() => verdict(other, token(jti)), PATIENCE).toBe('revoked')
  await expect.poll(() => verdict(other, token('never')), PATIENCE).toBe('active')
})
