import type { JWTVerifyGetKey } from 'jose'
import { isFaultOfToken } from '../http/verifier-error.js'
import type { Logger } from '../ports/index.js'

const FETCH_TIMEOUT_MS = 3000
/** An outage is said at most this often. */
const WARN_EVERY_MS = 60_000

/** The keys of an issuer, which are fetched when they are needed. */
export interface RemoteKeys {
  readonly key: JWTVerifyGetKey
  /** Fetches the key set if that never succeeded. Returns why no token can be verified, else undefined. */
  readonly problem: () => Promise<string | undefined>
}

/** The key set at a URL. A failure to fetch it is logged, without what may be secret in the URL. */
export async function remoteKeys(url: URL, logger: Logger): Promise<RemoteKeys> {
  const { createRemoteJWKSet } = await import('jose')
  const keys = createRemoteJWKSet(url, { timeoutDuration: FETCH_TIMEOUT_MS })
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
    logger.warn({ jwks: place, reason: reasonOf(error) }, `the key set can't be fetched: ${effect}`)
  }
  const key: JWTVerifyGetKey = async (header, token) => {
    try {
      return await keys(header, token)
    } catch (error) {
      if (!isFaultOfToken(error) || codeOf(error) === 'ERR_JWKS_INVALID') warn(error)
      throw error
    }
  }
  const problem = async (): Promise<string | undefined> => {
    if (keys.jwks() !== undefined) return undefined
    try {
      await keys.reload()
      return undefined
    } catch (error) {
      warn(error)
      return "the key set can't be fetched: see the log"
    }
  }
  return { key, problem }
}

/** Messages of `fetch` may quote the URL, so only codes are told, and what jose says. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const code = codeOf(error.cause) ?? codeOf(error)
  return code?.startsWith('ERR_J') === true ? error.message : (code ?? error.name)
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
