import { setImmediate } from 'node:timers/promises'
import { buildLayers } from '#dist/engine/build-layers.js'
import { createRevocade, type Revocade } from '#dist/index.js'
import { readOptions } from '#dist/options.js'
import type { RevocationStore } from '#dist/ports/index.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import { FuseConstruction } from '#dist/prefilter/fuse-construction.js'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { assertAnswers, IsClearlyActive } from '../engines/engine-workloads.js'
import { FullStore } from '../engines/full-store.js'
import { interleave, measurement, of, seconds } from '../harness/measure.js'
import { type Latencies, newLatencies, nowNs, openLoop } from '../harness/open-loop.js'
import {
  assertAnswer,
  atMost,
  type Case,
  type Context,
  type Measurement,
  type Row,
} from '../harness/types.js'
import { freshClaims } from '../inputs/claims.js'
import { Random } from '../inputs/random.js'
import { storeFile } from '../inputs/store-file.js'
import { sizesOf } from './sizes.js'

const KINDS = ['bloom', 'fuse'] as const
type Kind = (typeof KINDS)[number]

const CHECKS_PER_SECOND = 20_000

async function run(context: Context): Promise<Row[]> {
  return [...(await checks(context)), ...(await rebuilds(context))]
}

/** The size whose memory and false positives are judged. */
const settledOf = (entries: readonly number[]): number => entries.findLast((n) => n <= 1e6) ?? 0

const nameOf = (kind: Kind, n: number): string => `${kind}, ${n.toLocaleString('en')} entries`

/** The question to settled engines of both kinds and all sizes, in turns. */
async function checks(context: Context): Promise<Row[]> {
  const { entries, rounds, asked } = sizesOf('fuse', context.scale)
  const random = new Random(context.seed, 'fuse')
  const engines: { readonly kind: Kind; readonly n: number; readonly engine: Revocade }[] = []
  for (const n of entries) {
    for (const kind of KINDS) {
      const engine = await createRevocade({ store: new FullStore(n, random), prefilter: { kind } })
      await assertAnswers(engine, [], random)
      engines.push({ kind, n, engine })
    }
  }
  const timings = await interleave(
    engines.map(({ kind, n, engine }) => new IsClearlyActive(random, engine, nameOf(kind, n))),
    { rounds, batch: 512 },
  )
  const results = engines.map(({ kind, n, engine }): Measurement => ({
    ...measurement(of(timings, nameOf(kind, n)), { engine: kind, n, operation: 'isClearlyActive' }),
    bytesPerEntry: Number((engine.stats().prefilter.bytes / n).toPrecision(4)),
  }))
  context.record(results)
  const settled = settledOf(entries)
  const rate = falsePositives(engines.find((one) => one.kind === 'fuse' && one.n === settled)?.engine, {
    asked,
    random,
  })
  for (const { engine } of engines) await engine.close()
  return rowsOf(results, entries, { rate, asked })
}

function rowsOf(
  results: readonly Measurement[],
  entries: readonly number[],
  { rate, asked }: { readonly rate: number; readonly asked: number },
): Row[] {
  const at = (kind: Kind, n: number): Measurement => {
    const found = results.find((one) => one.engine === kind && one.n === n)
    if (found === undefined) throw new Error(`nothing was measured of ${nameOf(kind, n)}`)
    return found
  }
  const settled = settledOf(entries)
  const [first, last] = [entries.at(0) ?? 0, entries.at(-1) ?? 0]
  return [
    ...entries.map((n): Row => {
      const [one, other] = [at('fuse', n), at('bloom', n)]
      return {
        what: `isClearlyActive, ${n.toLocaleString('en')} entries: fuse ÷ bloom`,
        value: one.p50Ns / other.p50Ns,
        unit: 'x',
        ...(n === first ? {} : { target: atMost(n === settled ? 0.7 : 1.05) }),
        from: `${one.p50Ns.toFixed(0)} ns ÷ ${other.p50Ns.toFixed(0)} ns`,
      }
    }),
    {
      what: `isClearlyActive, fuse: ${last.toLocaleString('en')} entries ÷ ${first.toLocaleString('en')}`,
      value: at('fuse', last).p50Ns / at('fuse', first).p50Ns,
      unit: 'x',
      target: atMost(2.5),
      from: `${at('fuse', last).p50Ns.toFixed(0)} ns ÷ ${at('fuse', first).p50Ns.toFixed(0)} ns`,
    },
    {
      what: `memory of an entry, fuse, ${settled.toLocaleString('en')} entries, delta included`,
      value: at('fuse', settled).bytesPerEntry ?? 0,
      unit: 'bytes',
      target: atMost(2.6),
      from: `bloom: ${(at('bloom', settled).bytesPerEntry ?? 0).toFixed(2)} bytes`,
    },
    {
      what: `false positives in a million checks, fuse, ${settled.toLocaleString('en')} entries`,
      value: rate * 1e6,
      unit: '',
      target: atMost(30),
      from: `${Math.round(rate * asked)} in ${asked.toLocaleString('en')}; expected 15.3`,
    },
  ]
}

function falsePositives(
  engine: Revocade | undefined,
  { asked, random }: { readonly asked: number; readonly random: Random },
): number {
  let positives = 0
  for (let i = 0; i < asked; i++) if (engine?.isClearlyActive(freshClaims(random)) !== true) positives++
  return positives / asked
}

/** The layers of an engine on a store, whose rebuild can be called. */
async function layersOn(store: RevocationStore, kind: Kind) {
  const settings = readOptions({ prefilter: { kind }, snapshot: false, exclusive: true })
  const { namespace, clock, logger } = settings
  const { key } = await store.open({
    namespace,
    clock,
    logger,
    secret: undefined,
    exclusive: false,
    purgeGraceSeconds: 3600,
  })
  const layers = buildLayers(settings, { store, key, prefilter: await createPrefilter({ kind }) })
  await layers.sync.start(await layers.live.rebuild(store))
  return layers
}

/** Checks at a fixed rate, idle and during rebuilds from SQLite, and the longest stall of the event loop. */
async function rebuilds(context: Context): Promise<Row[]> {
  const { stored, idleSeconds, rebuilds: times } = sizesOf('fuse', context.scale)
  const random = new Random(context.seed, 'fuse rebuilds')
  const path = await storeFile(context, stored)
  const rows: Row[] = []
  const scans: number[] = []
  for (const kind of KINDS) {
    const store = new SqliteStore(path)
    const { live, lookup, sync } = await layersOn(store, kind)
    const watch = async (goOn: (begun: number) => boolean) => {
      const times = newLatencies()
      const stall = await checkAtRate((claims) => lookup.isClearlyActive(claims), times, { random, goOn })
      return { stall, p99: times.latency.getValueAtPercentile(99) / 1000 }
    }
    await watch((begun) => begun < CHECKS_PER_SECOND * idleSeconds * 0.2)
    const idle = await watch((begun) => begun < CHECKS_PER_SECOND * idleSeconds)
    const stalls: number[] = []
    const tails: number[] = []
    const took: number[] = []
    for (let i = 0; i < times; i++) {
      const state = { rebuilding: true }
      const rebuilt = seconds(() => live.rebuild(store).finally(() => (state.rebuilding = false)))
      const { stall, p99 } = await watch(() => state.rebuilding)
      took.push((await rebuilt).seconds)
      stalls.push(stall)
      tails.push(p99)
      const drained = await seconds(() => drain(store))
      assertAnswer(drained.result === stored, 'the scan lacks rows')
      scans.push(drained.seconds)
    }
    assertAnswer(live.prefilter.entries > stored * 0.999, 'the rebuild lost entries')
    await sync.stop()
    await store.close()
    const all = (values: readonly number[]): string => values.map((value) => value.toPrecision(3)).join(', ')
    const judged = kind === 'fuse'
    rows.push(
      {
        what: `rebuild of ${stored.toLocaleString('en')} entries, ${kind}: longest stall of the event loop`,
        // Other work on the machine only adds to it.
        value: Math.min(...stalls),
        unit: 'ms',
        ...(judged ? { target: atMost(5) } : {}),
        from: `least of ${all(stalls)} ms; idle ${idle.stall.toPrecision(3)} ms`,
      },
      {
        what: `rebuild of ${stored.toLocaleString('en')} entries, ${kind}: p99 of checks ÷ idle`,
        value: Math.min(...tails) / idle.p99,
        unit: 'x',
        ...(judged ? { target: atMost(3) } : {}),
        from: `least of ${all(tails)} µs ÷ ${idle.p99.toPrecision(3)} µs`,
      },
      {
        what: `rebuild of ${stored.toLocaleString('en')} entries, ${kind}: time`,
        value: median(took),
        unit: 's',
        from: `the scan alone, its rows sent: ${median(scans).toPrecision(3)} s`,
      },
    )
  }
  return [...rows, await construction(stored, random)]
}

/** What the thread does beyond its scan, done here. */
async function construction(entries: number, random: Random): Promise<Row> {
  const digests = random.fill(new Int32Array(entries * 4))
  const samples: number[] = []
  for (let i = 0; i < 3; i++) {
    const { seconds: took } = await seconds(() => {
      const construction = new FuseConstruction(16)
      construction.add(digests)
      return Promise.resolve(construction.run())
    })
    samples.push(took)
  }
  return {
    what: `construction of the base, ${entries.toLocaleString('en')} entries`,
    value: median(samples),
    unit: 's',
    target: atMost(1),
    from: `median of ${samples.map((value) => value.toPrecision(3)).join(', ')} s`,
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

async function drain(store: RevocationStore): Promise<number> {
  let rows = 0
  for await (const { expiresAt } of store.scan(0)) rows += expiresAt.length
  return rows
}

/** Returns the longest time between two turns of the event loop, in milliseconds. */
async function checkAtRate(
  check: (claims: unknown) => boolean,
  times: Latencies,
  { random, goOn }: { readonly random: Random; readonly goOn: (begun: number) => boolean },
): Promise<number> {
  let [longest, last, wrong, count] = [0, nowNs(), 0, 0]
  await openLoop({
    ratePerSecond: CHECKS_PER_SECOND,
    now: nowNs,
    turn: async () => {
      await setImmediate()
      const now = nowNs()
      longest = Math.max(longest, now - last)
      last = now
    },
    goOn,
    take: () => ({ times, claims: freshClaims(random) }),
    operate: ({ claims }) => {
      count++
      if (!check(claims)) wrong++
      return undefined
    },
  })
  assertAnswer(wrong <= Math.ceil(count * 1e-3), 'an active token is not clearly active')
  return longest / 1e6
}

export const fuse: Case = {
  name: 'fuse',
  title: 'The prefilter fuse beside bloom: checks, memory, rebuilds',
  run,
}
