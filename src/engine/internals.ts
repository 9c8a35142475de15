import type { Revocade } from '../api.js'
import type { Settings } from '../options.js'
import type { RevocationStore } from '../ports/index.js'
import { noEngine } from '../validate.js'
import type { Layers } from './build-layers.js'

/** What the parts that stand on an engine (sessions, permissions, verified tokens) use beyond its API. */
export interface EngineInternals {
  readonly settings: Settings
  readonly store: RevocationStore
  /** The 16-byte digest key. */
  readonly key: Uint8Array
  readonly layers: Layers
}

const INTERNALS = new WeakMap<object, EngineInternals>()

/** Notes what an engine is made of. */
export function exposeInternals(engine: Revocade, internals: EngineInternals): void {
  INTERNALS.set(engine, internals)
}

/**
 * What an engine is made of.
 *
 * @param user - the function that was called with it, for the message
 * @throws {RevocadeError} ERR_CONFIG when it was not made by `createRevocade`
 */
export function internalsOf(engine: unknown, user: string): EngineInternals {
  const found = typeof engine === 'object' && engine !== null ? INTERNALS.get(engine) : undefined
  if (found !== undefined) return found
  throw noEngine(user)
}
