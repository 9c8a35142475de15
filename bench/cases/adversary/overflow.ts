import { join } from 'node:path'
import { setImmediate, setTimeout as wait } from 'node:timers/promises'
import { createRevocade, type Revocade } from '#dist/index.js'
import { CountingStore } from '../../engines/counting-store.js'
import { IsClearlyActive } from '../../engines/engine-workloads.js'
import { Revoking } from '../../engines/revocations.js'
import { interleave, measurement, of, type Timed } from '../../harness/measure.js'
import { MovingClock } from '../../harness/moving-clock.js'
import { assertAnswer, atMost, type Context, type Row } from '../../harness/types.js'
import { EXPIRES_AT } from '../../inputs/claims.js'
import { Random } from '../../inputs/random.js'
import { sizesOf } from '../sizes.js'

const TIMES = 4
const RATE = 1e-4
/** Seconds between two sweeps of the prefilter. See the engine. */
const SWEEP_EVERY = 5

interface Stage {
  readonly name: string
  readonly entries: number
  readonly bytes: number
  readonly positives: number
  readonly timed: Timed
}

/**
 * Somebody has many more tokens revoked than the filter was made for, all at once. It grows at once, and is
 * rebuilt when it is next looked through.
 */
export async function overflow(context: Context): Promise<Row[]> {
  const { expected, asked } = sizesOf('overflow', context.scale)
  const random = new Random(context.seed, 'overflow')
  const clock = new MovingClock()
  const store = new CountingStore(join(context.directory, 'overflow.db'))
  await using engine = await createRevocade({
    store,
    clock,
    snapshot: false,
    prefilter: { kind: 'bloom', expectedRevocations: expected, falsePositiveRate: RATE },
  })
  const revoking = new Revoking(engine, random)

  await revoking.many(expected, EXPIRES_AT)
  const before = await look(engine, 'at its expected size', random, context)
  // What is looked at takes longer than the engine waits with its rebuild.
  const release = store.holdScans()
  await revoking.many(expected * (TIMES - 1), EXPIRES_AT)
  const beyond = await look(engine, `${TIMES} times that`, random, context)
  release()
  const most = await rebuild(engine, store, clock)
  const after = await look(engine, 'rebuilt', random, context)
  assertAnswer(after.entries >= expected * TIMES * 0.999, 'the rebuilt filter has lost entries')

  const rate = (what: string, { positives }: Stage, times: number): Row => ({
    // Five standard deviations above what the promised rate lets expect.
    what: `${what}: false positives ÷ ${RATE}`,
    value: positives / asked / RATE,
    unit: 'x',
    target: atMost(times + 5 * Math.sqrt(times / asked / RATE)),
    from: `${positives} of ${asked.toLocaleString('en')}`,
  })
  for (const { name, timed, entries } of [before, beyond, after])
    context.record([measurement(timed, { engine: name, n: entries })])
  const slower = (what: string, { timed }: Stage): Row => ({
    what: `${what}: a check ÷ before`,
    value: timed.p50 / before.timed.p50,
    unit: 'x',
    from:
      `p50 ${timed.p50.toFixed(0)} ÷ ${before.timed.p50.toFixed(0)} ns, ` +
      `p99 of batches ${timed.p99.toFixed(0)} and ${before.timed.p99.toFixed(0)} ns`,
  })
  const burst = `${TIMES} times the expected revocations at once`
  return [
    rate('at the expected size', before, 1.3),
    bits('at the expected size', before),
    // A filter that grows by tables of half the rate each stays below twice the rate.
    rate(burst, beyond, 2),
    bits(burst, beyond),
    slower(burst, beyond),
    {
      what: 'while it is rebuilt: tables and what is read for them',
      value: most / beyond.bytes,
      unit: 'x',
      from: `${(most / 2 ** 20).toFixed(1)} MiB ÷ ${(beyond.bytes / 2 ** 20).toFixed(1)} MiB before`,
    },
    rate('rebuilt', after, 1.3),
    bits('rebuilt, with room for as many again', after),
    slower('rebuilt', after),
  ]
}

const bits = (what: string, { entries, bytes }: Stage): Row => ({
  what: `${what}: bits an entry`,
  value: (bytes * 8) / entries,
  unit: 'bits',
  from: `${entries.toLocaleString('en')} entries`,
})

async function look(engine: Revocade, stage: string, random: Random, context: Context): Promise<Stage> {
  const { asked, rounds } = sizesOf('overflow', context.scale)
  const name = `isClearlyActive, ${stage}`
  const timed = of(
    await interleave([new IsClearlyActive(random, engine, name)], {
      rounds,
      batch: 512,
    }),
    name,
  )
  let positives = 0
  for (let i = 0; i < asked; i++) {
    if (!engine.isClearlyActive({ jti: random.uuid(), exp: EXPIRES_AT })) positives++
    if (i % 4096 === 0) await setImmediate()
  }
  const { entries, bytes } = engine.stats().prefilter
  return { name, entries, bytes, positives, timed }
}

/**
 * Sets the clock to the next sweep, which rebuilds the prefilter. Returns the most bytes of its tables
 * meanwhile, old and new.
 */
async function rebuild(engine: Revocade, store: CountingStore, clock: MovingClock): Promise<number> {
  const { rebuilds, bytes } = engine.stats().prefilter
  const without = process.memoryUsage().arrayBuffers - bytes
  let most = bytes
  clock.forward(SWEEP_EVERY)
  await store.scanBegins()
  while (store.scanning) {
    await wait(1)
    most = Math.max(most, process.memoryUsage().arrayBuffers - without)
  }
  assertAnswer(engine.stats().prefilter.rebuilds > rebuilds, 'the prefilter was not rebuilt')
  return most
}
