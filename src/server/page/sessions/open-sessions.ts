import type { Revocade } from '../../../api.js'
import { internalsOf } from '../../../engine/internals.js'
import { RevocadeError } from '../../../errors.js'
import { createSessions, type Sessions } from '../../../sessions/index.js'

/**
 * The sessions that services keep in the store.
 *
 * @returns why there can be none, where an option is missing
 */
export function openSessions(engine: Revocade): Sessions | string {
  const { maxTokenLifetimeSeconds } = internalsOf(engine, 'openSessions()').settings
  try {
    // An end is kept among the revocations for as long as any token may live.
    return createSessions(engine, { absoluteSeconds: maxTokenLifetimeSeconds })
  } catch (error) {
    if (error instanceof RevocadeError && error.code === 'ERR_CONFIG') return error.message
    throw error
  }
}
