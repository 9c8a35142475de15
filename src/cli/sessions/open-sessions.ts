import type { Revocade } from '../../api.js'
import { namesOfEntry } from '../../claims-option.js'
import { DEFAULT_CLAIMS, type RevocadeOptions } from '../../options.js'
import type { RevocationStore } from '../../ports/index.js'
import type { Sessions } from '../../sessions/index.js'
import { shapeKey } from '../input/targets.js'
import type { TokenOptions } from '../options.js'
import { readStore } from '../read-store.js'
import { requireStore, withStore } from '../with-store.js'

/** The selectors that ends of sessions are written by. */
const NEEDED = [['sid'], ['sub'], ['client_id', 'sid']]

/** Works with the sessions of a store. */
type Use<T> = (sessions: Sessions, store: RevocationStore) => Promise<T>

/**
 * Opens the sessions of a store that must exist, for a command that only reads.
 *
 * @param lifetimeSeconds - the longest life of any token of the services
 */
export async function readSessions<T>(
  options: TokenOptions,
  lifetimeSeconds: number,
  use: Use<T>,
): Promise<T> {
  return readStore(options, settingsOf(options, lifetimeSeconds), withSessions(lifetimeSeconds, use))
}

/** Opens the sessions of a store that must exist, for a command that ends some: see {@link readSessions}. */
export async function changeSessions<T>(
  options: TokenOptions,
  lifetimeSeconds: number,
  use: Use<T>,
): Promise<T> {
  await requireStore(options)
  return withStore(options, settingsOf(options, lifetimeSeconds), withSessions(lifetimeSeconds, use))
}

function settingsOf(
  { claims = DEFAULT_CLAIMS }: TokenOptions,
  maxTokenLifetimeSeconds: number,
): Pick<RevocadeOptions, 'claims' | 'maxTokenLifetimeSeconds'> {
  const known = new Set(claims.map((entry) => shapeKey(namesOfEntry(entry))))
  const added = NEEDED.filter((names) => !known.has(shapeKey(names)))
  return { claims: [...claims, ...added], maxTokenLifetimeSeconds }
}

const withSessions =
  <T>(absoluteSeconds: number, use: Use<T>) =>
  async (engine: Revocade, store: RevocationStore): Promise<T> => {
    const { createSessions } = await import('../../sessions/index.js')
    return use(createSessions(engine, { absoluteSeconds }), store)
  }
