import type { JWTVerifyGetKey } from 'jose'
import { isFaultOfToken } from '../http/verifier-error.js'
import type { Logger } from '../ports/index.js'

const FETCH_TIMEOUT_MS = 3000
/** Milliseconds between two attempts that nobody's token has asked for, and between two warnings. */
const RETRY_MS = 5000
const WARN_MS = 60_000

/** Why tokens can't be verified; undefined: they can. */
export type KeysProblem = () => Promise<string | undefined>

/** The keys at a URL, and whether they could be had. */
export interface RemoteKeySet {
  readonly getKey: JWTVerifyGetKey
  /** Tries again where they have never been had. Keys that were loaded once are used as long as it takes. */
  readonly problem: KeysProblem
}

/** Makes the key set, and begins to load it: a wrong URL is told before the first token comes. */
export async function remoteKeySet(url: URL, logger: Logger): Promise<RemoteKeySet> {
  const { createRemoteJWKSet } = await import('jose')
  const keys = createRemoteJWKSet(url, { timeoutDuration: FETCH_TIMEOUT_MS })
  const shown = `${url.origin}${url.pathname}` // not what may be a secret: user, password, query
  let [triedAt, warnedAt] = [-Infinity, -Infinity]
  let loaded = false
  const failed = (err: unknown): void => {
    const now = performance.now()
    if (now - warnedAt < WARN_MS) return
    warnedAt = now
    logger.warn(
      { err, keySet: shown },
      loaded
        ? 'the key set could not be fetched again: tokens of keys that are not known yet get 503'
        : 'the key set could not be fetched: no token can be verified, and every check gets 503',
    )
  }
  const had = (): void => {
    loaded = true
  }
  const load = (): Promise<void> => {
    triedAt = performance.now()
    return keys.reload().then(had, failed)
  }
  const loading = load()
  const problem = async (): Promise<string | undefined> => {
    await loading
    if (!loaded && performance.now() - triedAt >= RETRY_MS) await load()
    return loaded ? undefined : `the key set ${shown} could not be fetched`
  }
  const getKey: JWTVerifyGetKey = async (header, token) => {
    try {
      const key = await keys(header, token)
      had()
      return key
    } catch (error) {
      // That there is no such key was found out by looking.
      if (isFaultOfToken(error)) had()
      else failed(error)
      throw error
    }
  }
  return { getKey, problem }
}
