import { setImmediate } from 'node:timers/promises'
import { buildLayers } from '#dist/engine/build-layers.js'
import { readOptions } from '#dist/options.js'
import type { RevocationStore } from '#dist/ports/index.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import { FuseConstruction } from '#dist/prefilter/fuse-construction.js'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { seconds } from '../../harness/measure.js'
import { type Latencies, newLatencies, nowNs, openLoop } from '../../harness/open-loop.js'
import { median } from '../../harness/statistics.js'
import { assertAnswer, atMost, type Context, type Row } from '../../harness/types.js'
import { freshClaims } from '../../inputs/claims.js'
import { Random } from '../../inputs/random.js'
import { storeFile } from '../../inputs/store-file.js'
import { sizesOf } from '../sizes.js'
import { type Kind, KINDS } from './kinds.js'

const CHECKS_PER_SECOND = 20_000

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
export async function rebuilds(
  context: Context,
  { stored, rebuilds: times }: { readonly stored: number; readonly rebuilds: number },
): Promise<Row[]> {
  const path = await storeFile(context, stored)
  const rows: Row[] = []
  for (const kind of KINDS) rows.push(...(await rebuildsOf(kind, { context, path, stored, times })))
  return rows
}

interface Rebuilding {
  readonly context: Context
  readonly path: string
  readonly stored: number
  readonly times: number
}

async function rebuildsOf(kind: Kind, { context, path, stored, times }: Rebuilding): Promise<Row[]> {
  const random = new Random(context.seed, `${kind} rebuilds`)
  const { idleSeconds } = sizesOf('fuse', context.scale)
  const store = new SqliteStore(path)
  const { live, lookup, sync } = await layersOn(store, kind)
  const watch = async (goOn: (begun: number) => boolean) => {
    const latencies = newLatencies()
    const stall = await checkAtRate((claims) => lookup.isClearlyActive(claims), latencies, { random, goOn })
    return { stall, p99: latencies.service.getValueAtPercentile(99) / 1000 }
  }
  await watch((begun) => begun < CHECKS_PER_SECOND * idleSeconds * 0.2)
  const idle = await watch((begun) => begun < CHECKS_PER_SECOND * idleSeconds)
  const [stalls, tails, took, scans]: [number[], number[], number[], number[]] = [[], [], [], []]
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
  const what = `rebuild of ${stored.toLocaleString('en')} entries, ${kind}`
  const all = (values: readonly number[]): string => values.map((value) => value.toPrecision(3)).join(', ')
  const judged = kind === 'fuse'
  return [
    {
      what: `${what}: longest stall of the event loop`,
      // Other work on the machine only adds to it.
      value: Math.min(...stalls),
      unit: 'ms',
      ...(judged ? { target: atMost(5) } : {}),
      from: `least of ${all(stalls)} ms; idle ${idle.stall.toPrecision(3)} ms`,
    },
    {
      what: `${what}: the call itself, p99 ÷ idle`,
      value: Math.min(...tails) / idle.p99,
      unit: 'x',
      ...(judged ? { target: atMost(3) } : {}),
      from: `least of ${all(tails)} µs ÷ ${idle.p99.toPrecision(3)} µs`,
    },
    {
      what: `${what}: time`,
      value: median(took),
      unit: 's',
      from: `the scan alone, its rows sent: ${median(scans).toPrecision(3)} s`,
    },
  ]
}

/** What the thread does beyond its scan, done here. */
export async function construction(context: Context): Promise<Row> {
  const random = new Random(context.seed, 'construction')
  const entries = sizesOf('fuse', context.scale).stored[0]?.stored ?? 0
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
