import type { Revocade } from '../../api.js'
import type { RevocationStore } from '../../ports/index.js'
import type { EngineStats } from '../../redis/inspect/engine-stats-message.js'
import type { RedisInspector, ServerState } from '../../redis/inspect/inspector.js'

/** The figures of an engine; of one without Redis there are none of that. */
export type WatchedFigures = Omit<EngineStats, 'redis'> & { readonly redis: EngineStats['redis'] | null }

/** What was seen at one moment. Times `at` by the monotonic clock, in milliseconds. */
export interface Look {
  readonly time: Date
  readonly at: number
  /** The number of the store's last change. */
  readonly seq: number
  readonly engines: readonly { readonly at: number; readonly figures: WatchedFigures }[]
  /** Engines that were asked; null where that is not known. */
  readonly reached: number | null
  /** Null where no Redis is looked at. */
  readonly redis: ServerState | null
}

/** Longer than this nobody waits for an engine's answer. Milliseconds. */
const LONGEST_WAIT_MS = 300

/** Looks at all engines that share a Redis. */
export async function lookThroughRedis(
  observer: RedisInspector,
  store: RevocationStore,
  intervalMs: number,
): Promise<Look> {
  const { reached, answers } = await observer.engineStats(Math.min(LONGEST_WAIT_MS, intervalMs / 2))
  // The engines follow the store by whatever way they have; the file that was opened here may have been exchanged since.
  const seq =
    answers.length === 0 ? store.stats().seq : Math.max(...answers.map(({ figures }) => figures.store.seq))
  return { time: new Date(), at: performance.now(), seq, engines: answers, reached, redis: observer.server }
}

/** Looks at one engine, which is this process's own. */
export function lookAtOwn(engine: Revocade): Look {
  const { prefilter, decided, lease, store } = engine.stats()
  const at = performance.now()
  const figures = { engine: 'this one', prefilter, decided, lease, store: { seq: store.seq }, redis: null }
  return { time: new Date(), at, seq: store.seq, engines: [{ at, figures }], reached: 1, redis: null }
}
