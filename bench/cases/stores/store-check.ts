import { join } from 'node:path'
import { createRevocade } from '#dist/index.js'
import { AwaitedIsRevoked, IsClearlyActive } from '../../engines/engine-workloads.js'
import { interleave, measurements, of } from '../../harness/measure.js'
import { PostgresServer } from '../../harness/postgres-server.js'
import { RedisServer } from '../../harness/redis-server.js'
import { atMost, type Case, type Context, type Row } from '../../harness/types.js'
import { Random } from '../../inputs/random.js'
import { assertHolds, inputs } from '../../inputs/store-file.js'
import { sizesOf } from '../sizes.js'

/** A check takes its answer from memory, whatever store is behind. */
async function run(context: Context): Promise<Row[]> {
  const { entries, rounds } = sizesOf('store-check', context.scale)
  await using postgres = await PostgresServer.start(context.directory)
  await using redis = await RedisServer.start(['--appendonly', 'yes'])
  await using onSqlite = await createRevocade({ store: join(context.directory, 'check.db') })
  await using onPostgres = await createRevocade({ store: postgres.store('checks') })
  await using onRedis = await createRevocade({ store: redis.url })
  const engines = { SQLite: onSqlite, PostgreSQL: onPostgres, Redis: onRedis }
  for (const engine of Object.values(engines)) {
    await engine.revokeMany(inputs(context, entries))
    await assertHolds(context, engine, entries)
  }
  const random = new Random(context.seed, 'store-check')
  const names = Object.entries(engines)
  const calls = await interleave(
    names.map(([name, engine]) => new IsClearlyActive(random, engine, `isClearlyActive on ${name}`)),
    { rounds, batch: 512 },
  )
  const awaited = await interleave(
    names.map(([name, engine]) => new AwaitedIsRevoked(random, engine, `await isRevoked on ${name}`)),
    { rounds, batch: 512 },
  )
  const rows: Row[] = []
  for (const [call, timings] of [
    ['isClearlyActive', calls],
    ['await isRevoked', awaited],
  ] as const) {
    context.record(measurements(timings, entries))
    const sqlite = of(timings, `${call} on SQLite`).p50
    for (const name of ['PostgreSQL', 'Redis']) {
      const ours = of(timings, `${call} on ${name}`).p50
      const from = `${ours.toFixed(0)} ÷ ${sqlite.toFixed(0)} ns`
      rows.push({
        what: `${call} on ${name} ÷ on SQLite`,
        value: ours / sqlite,
        unit: 'x',
        target: atMost(1.05),
        from,
      })
    }
  }
  return rows
}

export const storeCheck: Case = { name: 'store-check', title: 'A check, whatever the store', run }
