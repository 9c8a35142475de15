import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { createRevocade, type Revocade, type TokenClaims } from '#dist/index.js'
import { BareInsert } from '../engines/bare-insert.js'
import { AwaitedRevoke, TOLERATED } from '../engines/engine-workloads.js'
import { interleave, measurements, of, timing } from '../harness/measure.js'
import { median } from '../harness/statistics.js'
import { assertAnswer, atLeast, atMost, type Case, type Context, type Row } from '../harness/types.js'
import { freshClaims } from '../inputs/claims.js'
import { Random } from '../inputs/random.js'
import { IN_FLIGHT, revokeAll } from './revoke/burst.js'
import { largeStore } from './revoke/large-store.js'
import { sizesOf } from './sizes.js'

/** Single checks timed per turn of the event loop. */
const GROUP = 8

async function run(context: Context): Promise<Row[]> {
  const random = new Random(context.seed, 'revoke')
  await using engine = await createRevocade({ store: join(context.directory, 'revoke.db') })
  const bare = new BareInsert(random, join(context.directory, 'bare.db'))
  const timings = await interleave([bare, new AwaitedRevoke(random, engine)], {
    rounds: sizesOf('revoke', context.scale).rounds,
    batch: 50,
  })
  bare.close()
  context.record(measurements(timings, engine.stats().prefilter.entries))
  const [one, insert] = [of(timings, 'await revoke').p50, of(timings, 'bare insert').p50]
  return [
    {
      what: 'await revoke(), one at a time ÷ bare insert, synchronous=FULL',
      value: one / insert,
      unit: 'x',
      target: atMost(2.5),
      from: `${(one / 1000).toFixed(0)} µs ÷ ${(insert / 1000).toFixed(0)} µs`,
    },
    ...(await bursts(context, engine, random)),
    await largeStore(context, random),
  ]
}

/**
 * 256 revocations in flight: how many a second, and in turn with idle times, what becomes of checks
 * meanwhile.
 */
async function bursts(context: Context, engine: Revocade, random: Random): Promise<Row[]> {
  const { bursts: rounds, burst: count, pauseMs } = sizesOf('revoke', context.scale)
  const idle: number[] = []
  const busy: number[] = []
  const rates: number[] = []
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const probes = Array.from({ length: 20_000 }, () => freshClaims(random))
  const burst = (): Promise<number> =>
    revokeAll(
      engine,
      Array.from({ length: count }, () => freshClaims(random)),
    )
  for (let round = 0; round < rounds; round++) rates.push(count / (await burst()))
  for (let round = 0; round < rounds; round++) {
    const pause = setTimeout(pauseMs)
    await checkMeanwhile(engine, probes, idle, pause)
    delay.enable()
    await checkMeanwhile(engine, probes, busy, burst())
    delay.disable()
  }
  const [calm, loaded] = [timing(idle), timing(busy)]
  return [
    {
      what: `revocations a second, ${IN_FLIGHT} in flight`,
      value: median(rates),
      unit: '/s',
      target: atLeast(30_000),
      from: `median of ${rates.map((rate) => rate.toFixed(0)).join(', ')}`,
    },
    {
      what: 'p99 of one check in such a burst ÷ idle',
      value: loaded.p99 / calm.p99,
      unit: 'x',
      target: atMost(3),
      from:
        `${loaded.p99.toFixed(0)} ns ÷ ${calm.p99.toFixed(0)} ns; ` +
        `p50 ${loaded.p50.toFixed(0)} and ${calm.p50.toFixed(0)} ns, two clock reads included`,
    },
    {
      what: 'event-loop delay in such a burst, p99',
      value: delay.percentile(99) / 1e6,
      unit: 'ms',
      from: 'a timer of 1 ms',
    },
  ]
}

/** A few checks at each turn of the event loop, each timed by itself, until something else is done. */
async function checkMeanwhile(
  engine: Revocade,
  probes: readonly TokenClaims[],
  times: number[],
  other: Promise<unknown>,
): Promise<void> {
  const work = { done: false }
  const finished = other.finally(() => {
    work.done = true
  })
  let at = 0
  let missed = 0
  while (!work.done) {
    for (let i = 0; i < GROUP; i++) {
      const claims = probes[at++ % probes.length] ?? {}
      const start = process.hrtime.bigint()
      const active = engine.isClearlyActive(claims)
      times.push(Number(process.hrtime.bigint() - start))
      if (!active) missed++
    }
    await setImmediate()
  }
  await finished
  assertAnswer(
    missed <= Math.ceil(at * TOLERATED),
    `${missed} of ${at} tokens that nobody revoked are not clearly active`,
  )
}

export const revoke: Case = { name: 'revoke', title: 'Durable revocations (SQLite, synchronous=FULL)', run }
