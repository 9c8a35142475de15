import type { Revocade } from '../../api.js'
import type { RevocationStore } from '../../ports/index.js'
import type { EngineStats } from '../../redis/inspect/engine-stats-message.js'
import type { RedisInspector, ServerState } from '../../redis/inspect/inspector.js'

/** The stats of an engine; `redis` is null if it runs without. */
export type WatchedFigures = Omit<EngineStats, 'redis'> & { readonly redis: EngineStats['redis'] | null }

/** A sample of all engines. Times named `at` are milliseconds of the monotonic clock. */
export interface Look {
  readonly time: Date
  readonly at: number
  /** The sequence number of the store's last change. */
  readonly seq: number
  readonly engines: readonly { readonly at: number; readonly figures: WatchedFigures }[]
  /** The number of engines that received the question; null if not known. */
  readonly reached: number | null
  /** Null without Redis. */
  readonly redis: ServerState | null
}

/** The longest wait for the engines' answers, in milliseconds. */
const LONGEST_WAIT_MS = 300

/** Samples all engines that share a Redis. */
export async function lookThroughRedis(
  observer: RedisInspector,
  store: RevocationStore,
  intervalMs: number,
): Promise<Look> {
  const { reached, answers } = await observer.engineStats(Math.min(LONGEST_WAIT_MS, intervalMs / 2))
  // The engines' numbers are preferred, because the file that is open here may have been replaced since.
  const seq =
    answers.length === 0 ? store.stats().seq : Math.max(...answers.map(({ figures }) => figures.store.seq))
  return { time: new Date(), at: performance.now(), seq, engines: answers, reached, redis: observer.server }
}

/** Samples the engine of this process. */
export function lookAtOwn(engine: Revocade): Look {
  const { prefilter, decided, lease, store } = engine.stats()
  const at = performance.now()
  const figures = { engine: 'this one', prefilter, decided, lease, store: { seq: store.seq }, redis: null }
  return { time: new Date(), at, seq: store.seq, engines: [{ at, figures }], reached: 1, redis: null }
}
