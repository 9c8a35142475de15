import type { RevocationStore } from 'revocade'
import { ExactLookup } from '#dist/engine/exact-lookup.js'
import { Lease } from '#dist/engine/lease.js'
import { LivePrefilter } from '#dist/engine/live-prefilter.js'
import { Lookup } from '#dist/engine/lookup.js'
import { Mutations } from '#dist/engine/revocation-request.js'
import { Revoke } from '#dist/engine/revoke.js'
import { Sync } from '#dist/engine/sync.js'
import { VerdictCache } from '#dist/engine/verdict-cache.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import type { RedisLayer } from '#dist/redis/redis-layer.js'
import { TokenDigester } from '#dist/token/identify.js'
import type { ManualClock } from './time.js'

export interface RigOptions {
  readonly clock: ManualClock
  readonly maxStalenessMs: number
  readonly graceSeconds?: number
  readonly prefilter?: {
    kind: 'bloom' | 'exact' | 'trie' | 'none'
    prefixBits?: number
    expectedRevocations?: number
  }
  readonly l1?: RedisLayer
}

/** The engine's parts, wired as engine.ts does, but with the poll in the hands of the test. */
export async function rig(store: RevocationStore, options: RigOptions) {
  const { clock, maxStalenessMs, l1 } = options
  const graceSeconds = options.graceSeconds ?? 3600
  const warnings: string[] = []
  const note = (_: object, message: string): void => void warnings.push(message)
  const logger = { debug: note, info: note, warn: note, error: note }
  const digester = new TokenDigester({
    key: new Uint8Array(16).fill(7),
    namespace: 'default',
    idClaims: ['jti'],
    maxTokenBytes: 16_384,
  })
  const l0Options = {
    prefilter: options.prefilter ?? { kind: 'exact' },
    selectors: [['sub']],
    graceSeconds,
    clock,
    logger,
  }
  const l0 = new LivePrefilter(l0Options, digester, await createPrefilter(l0Options.prefilter))
  const position = await l0.rebuild(store)
  const lease = new Lease(clock, maxStalenessMs)
  const cache = new VerdictCache(1000)
  const checkpoints: string[] = []
  const sync = new Sync(
    {
      store,
      l0,
      cache,
      lease,
      versions: l1?.versions,
      clock,
      logger,
      maxStalenessMs,
      exclusive: false,
      graceSeconds,
      checkpoint: (why) => checkpoints.push(why),
    },
    position,
  )
  await sync.start()
  const lookup = new Lookup({
    digester,
    l0,
    lease,
    sync,
    clock,
    closerLook: new ExactLookup(cache, store, l1?.prefixCache),
    onUnknown: 'throw',
    clockToleranceSeconds: 0,
  })
  const mutations = new Mutations({
    digester,
    clock,
    idClaims: ['jti'],
    selectors: new Set(['["sub"]']),
    maxTokenLifetimeSeconds: 3600,
  })
  const writer = new Revoke({
    digester,
    mutations,
    l0,
    sync,
    store,
    prefixCache: l1?.prefixCache,
    notifier: l1?.notifier,
    clock,
    clockToleranceSeconds: 0,
    stalenessMs: maxStalenessMs,
  })
  return { l0, lease, cache, sync, lookup, writer, warnings, checkpoints, digester }
}

export type Rig = Awaited<ReturnType<typeof rig>>
