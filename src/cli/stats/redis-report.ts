import type { BucketSource } from '../../ports/index.js'
import type { RedisHealth } from '../../redis/connection/health.js'
import type { HealthWarning } from '../../redis/connection/health-warnings.js'
import type { EngineStats } from '../../redis/inspect/engine-stats-message.js'
import type { RedisInspector, ServerState } from '../../redis/inspect/inspector.js'
import type { KeySample } from '../../redis/inspect/key-sample.js'
import { addUp, type ByLayer, measuredTogether } from '../output/layer-counts.js'

/** The state of a store's prefix cache: the server, the keys in it, and the engines that use it. */
export interface RedisReport extends ServerState {
  /** Null if the server does not tell. */
  readonly keys: KeySample | null
  readonly health: RedisHealth | null
  readonly warnings: readonly HealthWarning[]
  /** The number of engines that received the question; null if not known. */
  readonly reached: number | null
  /** The stats of the engines that answered. */
  readonly engines: readonly EngineStats[]
  readonly total: {
    readonly decided: ByLayer
    readonly measuredFalsePositiveRate: number | null
    readonly queued: number
  }
}

/** Reads the report. A server that does not answer is part of the report, not an error. */
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
