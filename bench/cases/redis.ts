import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createRevocade, type Revocade } from '#dist/index.js'
import { AwaitedRevoke, IsClearlyActive } from '../engines/engine-workloads.js'
import { interleave, measurements, of, type Timed } from '../harness/measure.js'
import { RedisServer } from '../harness/redis-server.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../harness/types.js'
import { freshClaims } from '../inputs/claims.js'
import { Random } from '../inputs/random.js'
import { inputs, storeFile } from '../inputs/store-file.js'
import { sizesOf } from './sizes.js'

/** Until every bucket is in Redis. */
export async function filled(engine: Revocade): Promise<void> {
  while (engine.stats().redis?.complete !== true) await setTimeout(20)
}

async function run(context: Context): Promise<Row[]> {
  const { entries, checkRounds, writeRounds } = sizesOf('redis', context.scale)
  const random = new Random(context.seed, 'redis')
  await using server = await RedisServer.start()
  // A copy: this case writes to it, and others count what is in it.
  const store = join(context.directory, 'redis.db')
  copyFileSync(await storeFile(context, entries), store)
  await using without = await createRevocade({ store })
  // 10 s, so that no deadline passes on a slow machine: the receipt would say `queued`, which is not timed
  // here.
  await using engine = await createRevocade({ store, redis: { url: server.url, timeoutMs: 10_000 } })
  await filled(engine)

  const before = await server.commands()
  const checks = await interleave(
    [
      new IsClearlyActive(random, without, 'check without Redis'),
      new IsClearlyActive(random, engine, 'check with Redis'),
    ],
    { rounds: checkRounds, batch: 512 },
  )
  const sent = (await server.commands()) - before
  const rounds = await roundTrips(context, server)
  const writes = await interleave(
    (
      [
        [without, 'off'],
        [engine, 'written'],
      ] as const
    ).map(
      ([one, redis]) =>
        new AwaitedRevoke(random, one, `await revoke, Redis ${redis}`, (receipt) => receipt.redis === redis),
    ),
    { rounds: writeRounds, batch: 32 },
  )
  context.record(measurements(checks, entries))
  context.record(measurements(writes, entries))
  return [
    {
      what: 'check that the prefilter answers: with Redis ÷ without',
      unit: 'x',
      target: atMost(1.05),
      ...times(checks, 'check with Redis', 'check without Redis', 1),
    },
    { what: 'Redis commands during these checks', value: sent, unit: '', target: atMost(0) },
    {
      what: "commands of a token that the prefilter can't rule out: first check",
      value: rounds.first,
      unit: '',
      target: atMost(1),
    },
    { what: 'the next hundred checks of that token', value: rounds.next, unit: '', target: atMost(0) },
    {
      what: 'await revoke, until Redis has it ÷ without Redis',
      unit: 'x',
      ...times(writes, 'await revoke, Redis written', 'await revoke, Redis off', 1000),
    },
  ]
}

/** The medians of two, one ÷ the other, in so many nanoseconds. */
function times(
  timings: ReadonlyMap<string, Timed>,
  one: string,
  other: string,
  unit: 1 | 1000,
): Pick<Row, 'value' | 'from'> {
  const [a, b] = [of(timings, one).p50 / unit, of(timings, other).p50 / unit]
  return { value: a / b, from: `${a.toFixed(0)} ÷ ${b.toFixed(0)} ${unit === 1 ? 'ns' : 'µs'}` }
}

/** Commands for a token that a filter of 8 bits can't rule out and nobody revoked. */
async function roundTrips(context: Context, server: RedisServer): Promise<{ first: number; next: number }> {
  const random = new Random(context.seed, 'round trips')
  await using engine = await createRevocade({
    store: join(context.directory, 'round-trips.db'),
    redis: server.url,
    prefilter: { kind: 'trie', prefixBits: 8 },
    claims: ['sub'],
  })
  await engine.revokeMany(inputs(context, 100))
  await filled(engine)
  let claims = freshClaims(random)
  while (engine.isClearlyActive(claims)) claims = freshClaims(random)
  const start = await server.commands()
  assertAnswer((await engine.check(claims)).decidedBy === 'redis', 'Redis decides the first check')
  const first = (await server.commands()) - start
  for (let i = 0; i < 100; i++) assertAnswer(!(await engine.isRevoked(claims)), 'not revoked')
  return { first, next: (await server.commands()) - start - first }
}

export const redis: Case = {
  name: 'redis',
  title: 'With a Redis between engine and store, 1 M revocations',
  run,
}
