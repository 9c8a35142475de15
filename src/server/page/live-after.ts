import type { Revocade } from '../../api.js'
import { internalsOf } from '../../engine/internals.js'

/** NumericDate seconds: a revocation that expires later still counts, with the tolerance of the clocks. */
export function liveAfter(engine: Revocade): number {
  const { settings, store } = internalsOf(engine, 'liveAfter()')
  const tolerance = Math.max(settings.clockToleranceSeconds, store.clockToleranceSeconds ?? 0)
  return Math.floor(settings.clock.now() / 1000) - tolerance
}
