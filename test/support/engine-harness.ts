import type { RevocationStore } from 'revocade'
import { buildLayers, type SharedLayers } from '#dist/engine/build-layers.js'
import { readOptions } from '#dist/options.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import type { ManualClock } from './time.js'

export interface HarnessOptions {
  readonly clock: ManualClock
  readonly maxStalenessMs: number
  /** Default 3600. */
  readonly graceSeconds?: number
  /** Default `exact`. */
  readonly prefilter?: {
    kind: 'bloom' | 'fuse' | 'exact' | 'trie' | 'none'
    prefixBits?: number
    expectedRevocations?: number
  }
  readonly shared?: SharedLayers
  /** Of the verdict cache; default 1000. */
  readonly cacheEntries?: number
  /** Default `['sub']`. */
  readonly claims?: readonly string[]
}

/** The engine's layers over an open store, started, but polling only when the test says so. */
export async function engineHarness(store: RevocationStore, options: HarnessOptions) {
  const { clock, maxStalenessMs, graceSeconds = 3600, prefilter = { kind: 'exact' }, shared } = options
  const { cacheEntries = 1000, claims = ['sub'] } = options
  const warnings: string[] = []
  const checkpoints: string[] = []
  const note = (_: object, message: string): void => void warnings.push(message)
  const settings = readOptions({
    clock,
    logger: { debug: note, info: note, warn: note, error: note },
    prefilter,
    claims,
    maxStalenessMs,
    maxTokenLifetimeSeconds: 3600,
    clockToleranceSeconds: 0,
    cacheEntries,
  })
  const layers = buildLayers(
    { ...settings, graceSeconds },
    {
      store,
      key: new Uint8Array(16).fill(7),
      prefilter: await createPrefilter(prefilter),
      shared,
      checkpoint: (why) => checkpoints.push(why),
    },
  )
  await layers.sync.start(await layers.live.rebuild(store))
  return { ...layers, settings, store, warnings, checkpoints }
}

export type EngineHarness = Awaited<ReturnType<typeof engineHarness>>
