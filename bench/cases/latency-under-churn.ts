import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createRevocade, type Revocade } from '#dist/index.js'
import { CountingStore } from '../engines/counting-store.js'
import { Revoking } from '../engines/revocations.js'
import { type Checked, JudgedChecks } from '../engines/verified-checks.js'
import { histogramMeasurement, newHistogram, percentilesOf } from '../harness/histogram.js'
import { MovingClock } from '../harness/moving-clock.js'
import { nowNs } from '../harness/open-loop.js'
import { OtherProcess } from '../harness/other-process.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../harness/types.js'
import { freshClaims } from '../inputs/claims.js'
import { Random } from '../inputs/random.js'
import { revokedClaims, storeFile } from '../inputs/store-file.js'
import { sizesOf } from './sizes.js'

const CHECKS_PER_SECOND = 20_000
const REVOCATIONS_PER_SECOND = 1000
const BURST = 1000
const BURST_EVERY_MS = 250
/** How long what is imported lives, in seconds. */
const SHORT_LIFE = 1800
/** Seconds between two sweeps of the prefilter, and until an expired entry leaves it. See the engine. */
const SWEEP_EVERY = 5
const KEPT = 3600 + 60 + 512

/** What the checks of a phase took. */
interface Phase {
  readonly name: string
  readonly checked: Checked
}

class Churn {
  readonly phases: Phase[] = []
  readonly #checks: JudgedChecks

  constructor(checks: JudgedChecks) {
    this.#checks = checks
  }

  get judged(): number {
    return this.#checks.count
  }

  /** Checks for so long while something else is done, which ends when it is told to. */
  async during(name: string, seconds: number, work: (goOn: () => boolean) => Promise<void>): Promise<void> {
    const on = { now: true }
    const working = work(() => on.now)
    const checked = await this.#checks.run(CHECKS_PER_SECOND, (begun) => begun < CHECKS_PER_SECOND * seconds)
    on.now = false
    await working
    this.phases.push({ name, checked })
  }

  /** Checks until something is done. */
  async until(name: string, work: Promise<void>): Promise<void> {
    const on = { now: true }
    const working = work.finally(() => {
      on.now = false
    })
    const [checked] = await Promise.all([this.#checks.run(CHECKS_PER_SECOND, () => on.now), working])
    this.phases.push({ name, checked })
  }
}

async function run(context: Context): Promise<Row[]> {
  const { entries: size, seconds, maxStalenessMs } = sizesOf('latency-under-churn', context.scale)
  const path = join(context.directory, 'churn.db')
  copyFileSync(await storeFile(context, size), path)
  const store = new CountingStore(path)
  const clock = new MovingClock()
  // Room for twice what is there: so many more, and it is rebuilt.
  await using engine = await createRevocade({
    store,
    clock,
    maxStalenessMs,
    prefilter: { kind: 'bloom', expectedRevocations: size },
  })
  const random = new Random(context.seed, 'latency under churn')
  const revoking = new Revoking(engine, random)
  const known = revokedClaims(context, Math.min(size, 1000)).map((claims) => JSON.stringify(claims))
  const one = (count: number): number => Math.floor(random.share() * count)
  const own = (): string =>
    revoking.done.length > 0 && one(2) === 0
      ? (revoking.done[one(revoking.done.length)] ?? '')
      : (known[one(known.length)] ?? '')
  const checks = new JudgedChecks(engine, random, own)
  // A fifth of a phase, not recorded, to warm up caches and compilers.
  await checks.run(CHECKS_PER_SECOND, (begun) => begun < CHECKS_PER_SECOND * seconds * 0.2)
  const churn = new Churn(checks)

  await churn.during('idle', seconds, () => Promise.resolve())
  await churn.during(`${REVOCATIONS_PER_SECOND.toLocaleString('en')} revocations a second`, seconds, (goOn) =>
    revoking.steadily(REVOCATIONS_PER_SECOND, goOn),
  )
  await churn.during(`bursts of ${BURST.toLocaleString('en')} revocations`, seconds, (goOn) =>
    revoking.inBursts(BURST, BURST_EVERY_MS, goOn),
  )
  const parts: Parts = { engine, store, clock, random }
  await grow(churn, parts, revoking, Math.round(size * 1.1))
  await rebuild(churn, 'rebuild of the prefilter, grown', parts, SWEEP_EVERY)
  await rebuild(churn, 'rebuild of the prefilter, half of it expired', parts, SHORT_LIFE + KEPT)
  assertAnswer(
    engine.stats().prefilter.entries < size * 1.1 + revoking.count,
    'what has expired is still in the filter',
  )

  const other = await OtherProcess.start(path)
  // What another process revoked is known here Δ later, not sooner.
  checks.revokedToken = () => other.revokedToken(maxStalenessMs, one) ?? own()
  await churn.until(
    'another process revokes, 256 in flight',
    revokedElsewhere(other, seconds, maxStalenessMs),
  )
  const others = other.acknowledged(maxStalenessMs)
  await other.stop()
  assertAnswer(others > 0, 'the other process revoked nothing')
  return report(context, churn, size)
}

interface Parts {
  readonly engine: Revocade
  readonly store: CountingStore
  readonly clock: MovingClock
  readonly random: Random
}

/** Imports more than the filter has room for. Scans wait, so that the rebuild is a phase of its own. */
async function grow(churn: Churn, { engine, store }: Parts, revoking: Revoking, more: number): Promise<void> {
  const release = store.holdScans()
  await churn.until(
    `import of ${more.toLocaleString('en')}`,
    revoking.many(more, Math.floor(Date.now() / 1000) + SHORT_LIFE),
  )
  const grown = engine.stats().prefilter
  assertAnswer(grown.entries > grown.capacity, 'the filter is not beyond its capacity')
  release()
}

/** For so many seconds, and at least until there is a revocation that must be known here. */
async function revokedElsewhere(other: OtherProcess, seconds: number, maxStalenessMs: number): Promise<void> {
  other.go()
  await wait(seconds * 1000)
  const until = performance.now() + 10_000
  while (other.acknowledged(maxStalenessMs) === 0 && performance.now() < until) await wait(5)
  await wait(maxStalenessMs)
}

/** Puts the clock forward to the next sweep of the prefilter, and checks while it is being rebuilt. */
async function rebuild(
  churn: Churn,
  name: string,
  { engine, store, clock, random }: Parts,
  seconds: number,
): Promise<void> {
  const { rebuilds } = engine.stats().prefilter
  clock.forward(seconds)
  engine.isClearlyActive(freshClaims(random)) // The clock has jumped past the lease: this renews it.
  await store.scanBegins()
  await churn.until(
    name,
    (async () => {
      while (store.scanning) await wait(1)
    })(),
  )
  assertAnswer(engine.stats().prefilter.rebuilds > rebuilds, 'the prefilter was not rebuilt')
}

function report(context: Context, churn: Churn, n: number): Row[] {
  for (const { name: engine, checked } of churn.phases) {
    for (const [mix, times] of [
      ['not revoked', checked.active],
      ['revoked', checked.revoked],
    ] as const) {
      context.record([
        histogramMeasurement(times.latency, { engine, n, operation: 'from when it was due', mix }),
        histogramMeasurement(times.service, { engine, n, operation: 'the call', mix }),
      ])
    }
  }
  const idle = churn.phases.at(0)?.checked.active.service.getValueAtPercentile(99) ?? Number.NaN
  const rows = churn.phases.flatMap(({ name, checked: { active, revoked } }): Row[] => [
    {
      what: `${name}: p99.9 from when it was due`,
      value: active.latency.getValueAtPercentile(99.9) / 1000,
      unit: 'µs',
      from: percentilesOf(active.latency),
    },
    {
      what: `${name}: the call itself, p99 ÷ idle`,
      value: active.service.getValueAtPercentile(99) / idle,
      unit: 'x',
      target: atMost(3),
      from: `${percentilesOf(active.service)}; revoked tokens: ${percentilesOf(revoked.service)}`,
    },
  ])
  const closer = churn.phases.map(({ checked }) =>
    Object.values(checked.closer).reduce((sum, count) => sum + count, 0),
  )
  return [
    ...rows,
    {
      what: 'answers judged: none wrong, none unknown',
      value: churn.judged,
      unit: '',
      from:
        `${CHECKS_PER_SECOND.toLocaleString('en')} checks a second were due, ` +
        'one in 16 of a revoked token',
    },
    {
      what: 'of tokens not revoked, not answered by the filter',
      value: closer.reduce((sum, count) => sum + count),
      unit: '',
      from: `by phase: ${closer.join(', ')}`,
    },
    { what: 'reading the clock, once in each time above, p50', value: clockRead(), unit: 'ns' },
  ]
}

/** What two reads of the clock are apart when nothing is between them. */
function clockRead(): number {
  const times = newHistogram()
  for (let i = 0; i < 100_000; i++) {
    const start = nowNs()
    times.recordValue(Math.max(1, nowNs() - start))
  }
  return times.getValueAtPercentile(50)
}

export const latencyUnderChurn: Case = {
  name: 'latency-under-churn',
  title: 'Single checks while others revoke, the prefilter is rebuilt and entries expire',
  run,
}
