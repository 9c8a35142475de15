import type { Revocade } from 'revocade'
import { exposeInternals } from '#dist/engine/internals.js'
import type { EngineHarness } from '../support/engine-harness.js'

/** An engine of which nothing is used but its layers. */
export function engineOf({ settings, store, ...layers }: EngineHarness): Revocade {
  const engine = {} as Revocade
  exposeInternals(engine, { settings, store, layers })
  return engine
}
