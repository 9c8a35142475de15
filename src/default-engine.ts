import type { CheckOptions, Receipt, Revocade, RevokeOptions, Token } from './api.js'
import { createRevocade } from './create-revocade.js'
import { RevocadeError } from './errors.js'
import type { RevocadeOptions } from './options.js'

let configured: RevocadeOptions | undefined
let starting: Promise<Revocade> | undefined
/** The end of the last one: an exclusive store must be released before it is opened again. */
let closing: Promise<void> = Promise.resolve()

/**
 * Sets the options of the process-wide engine. Call it before the first {@link isRevoked} or {@link revoke};
 * later it throws `ERR_CONFIG`. Without it they come from the environment: `REVOCADE_STORE`, `REVOCADE_REDIS_URL` (else
 * `REDIS_URL`; an empty one is none), `REVOCADE_NAMESPACE`, `REVOCADE_SECRET`, `REVOCADE_MAX_STALENESS_MS`, `REVOCADE_CLAIMS`
 * and `REVOCADE_ID_CLAIMS` (comma-separated; `+` joins the claims of one selector).
 */
export function configure(options: RevocadeOptions): void {
  if (starting !== undefined) {
    throw new RevocadeError('ERR_CONFIG', 'configure() must come before the first use of the default engine')
  }
  configured = options
}

/** The process-wide engine, made on first use. Close it to release it; the next use makes a new one. */
export function defaultRevocade(): Promise<Revocade> {
  starting ??= start()
  return starting
}

/** {@link Revocade.isRevoked} of the process-wide engine. */
export async function isRevoked(token: Token, options?: CheckOptions): Promise<boolean> {
  return (await defaultRevocade()).isRevoked(token, options)
}

/** {@link Revocade.revoke} of the process-wide engine. */
export async function revoke(token: Token, options?: RevokeOptions): Promise<Receipt> {
  return (await defaultRevocade()).revoke(token, options)
}

async function start(): Promise<Revocade> {
  try {
    await closing.catch(() => undefined)
    const engine = await createRevocade(configured ?? optionsFromEnvironment(process.env))
    const self = starting
    const close = (): Promise<void> => {
      // Only once: by a second call there may be another one.
      if (starting === self) starting = undefined
      closing = engine.close()
      return closing
    }
    return { ...engine, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    // The next call tries again: a store that was missing may be there by then.
    starting = undefined
    throw error
  }
}

/** The options that the environment gives. Throws `ERR_CONFIG` for a number that is none. */
export function optionsFromEnvironment(env: Readonly<Record<string, string | undefined>>): RevocadeOptions {
  const staleness = env.REVOCADE_MAX_STALENESS_MS
  const redis = env.REVOCADE_REDIS_URL ?? env.REDIS_URL ?? ''
  return {
    ...(env.REVOCADE_STORE === undefined ? {} : { store: env.REVOCADE_STORE }),
    ...(redis === '' ? {} : { redis }),
    ...(env.REVOCADE_NAMESPACE === undefined ? {} : { namespace: env.REVOCADE_NAMESPACE }),
    ...(env.REVOCADE_SECRET === undefined ? {} : { secret: env.REVOCADE_SECRET }),
    ...(staleness === undefined ? {} : { maxStalenessMs: staleness === '' ? NaN : Number(staleness) }),
    ...(env.REVOCADE_CLAIMS === undefined
      ? {}
      : { claims: env.REVOCADE_CLAIMS.split(',').map((names) => names.split('+')) }),
    ...(env.REVOCADE_ID_CLAIMS === undefined ? {} : { idClaims: env.REVOCADE_ID_CLAIMS.split(',') }),
  }
}
