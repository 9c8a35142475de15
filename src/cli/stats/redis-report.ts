import type { BucketSource } from '../../ports/index.js'
import type { RedisHealth } from '../../redis/connection/health.js'
import type { HealthWarning } from '../../redis/connection/health-warnings.js'
import type { EngineStats } from '../../redis/inspect/engine-stats-message.js'
import type { RedisInspector, ServerState } from '../../redis/inspect/inspector.js'
import type { KeySample } from '../../redis/inspect/key-sample.js'
import { addUp, type ByLayer, measuredTogether } from '../output/layer-counts.js'

/** What there is to say of the Redis layer of a store: the server, what it holds, and the engines that use it. */
export interface RedisReport extends ServerState {
  /** Null where the server does not say. */
  readonly keys: KeySample | null
  readonly health: RedisHealth | null
  readonly warnings: readonly HealthWarning[]
  /** Engines that heard the question; null where that is not known. */
  readonly reached: number | null
  /** Those that answered. */
  readonly engines: readonly EngineStats[]
  readonly total: {
    readonly decided: ByLayer
    readonly measuredFalsePositiveRate: number | null
    readonly queued: number
  }
}

/** Never rejects for the server's sake: that it does not answer is what there is to say. */
export async function readRedisReport(
  observer: RedisInspector,
  buckets: BucketSource | undefined,
): Promise<RedisReport> {
  const { reached, answers } = await observer.engineStats()
  const engines = answers.map(({ figures }) => figures)
  const seen = await observer.health().catch(() => null)
  const keys =
    buckets === undefined || seen === null ? null : await observer.sampleKeys(buckets).catch(() => null)
  return {
    ...observer.server,
    keys,
    health: seen?.facts ?? null,
    warnings: seen?.warnings ?? [],
    reached,
    engines,
    total: {
      decided: addUp(engines.map(({ decided }) => decided)),
      measuredFalsePositiveRate: measuredTogether(engines),
      queued: engines.reduce((sum, { redis }) => sum + redis.queued, 0),
    },
  }
}
