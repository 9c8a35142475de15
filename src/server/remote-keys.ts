import type { JWTVerifyGetKey } from 'jose'
import { isFaultOfToken } from '../http/verifier-error.js'
import type { Logger } from '../ports/index.js'
import { KeySetError, keySetFetch } from './key-set-fetch.js'

const FETCH_TIMEOUT_MS = 3000
/** For an unknown `kid`, the key set is fetched at most this often: anyone can make one up. */
const COOLDOWN_MS = 5000
/** An outage is said at most this often. */
const WARN_EVERY_MS = 60_000

/** The key of a token is not in the key set, but may have been published since that was fetched. */
class KeyNotKnownError extends Error {
  override readonly name = 'KeyNotKnownError'
  override readonly message = 'the key is not in the key set, which was not fetched since the token came'
  /** No fault of the token: see `isFaultOfToken`. */
  readonly statusCode = 503
}

/** The keys of an issuer, which are fetched when they are needed. */
export interface RemoteKeys {
  readonly key: JWTVerifyGetKey
  /** Fetches the key set if there is none that can be used. Returns why no token can be verified, if so. */
  readonly problem: () => Promise<string | undefined>
}

/** The key set at a URL. A failure to fetch it is logged, without what may be secret in the URL. */
export async function remoteKeys(url: URL, logger: Logger): Promise<RemoteKeys> {
  const { createRemoteJWKSet, customFetch, errors } = await import('jose')
  const fetchKeySet = keySetFetch()
  /** When the fetch of the present key set began: it has all keys that were published by then. */
  let keysAsOf = -Infinity
  const keys = createRemoteJWKSet(url, {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    [customFetch]: async (...request: Parameters<typeof fetchKeySet>) => {
      const begun = performance.now()
      const response = await fetchKeySet(...request)
      keysAsOf = begun
      return response
    },
  })
  const place = `${url.origin}${url.pathname}`
  let silentUntil = -Infinity
  const warn = (error: unknown): void => {
    const now = performance.now()
    if (now < silentUntil) return
    silentUntil = now + WARN_EVERY_MS
    const effect =
      keys.jwks() === undefined
        ? 'no token can be verified'
        : 'new keys are not known, and the old ones are used for ten minutes'
    logger.warn({ jwks: place, reason: reasonOf(error) }, `${problemOf(error)}: ${effect}`)
  }
  const key: JWTVerifyGetKey = async (header, token) => {
    const asked = performance.now()
    try {
      return await keys(header, token)
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey && keysAsOf < asked) throw new KeyNotKnownError()
      if (!isFaultOfToken(error)) warn(error)
      throw error
    }
  }
  const problem = async (): Promise<string | undefined> => {
    // What is older than this is fetched before a token is verified with it.
    if (keys.fresh) return undefined
    try {
      await keys.reload()
      return undefined
    } catch (error) {
      warn(error)
      return `${problemOf(error)}: see the log`
    }
  }
  return { key, problem }
}

const problemOf = (error: unknown): string =>
  error instanceof KeySetError ? "the URL of 'jwks' gives no key set" : "the key set can't be fetched"

/** Messages of `fetch` may quote the URL, so only codes are told. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if (error instanceof KeySetError) return error.message
  return codeOf(error.cause) ?? codeOf(error) ?? error.name
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
