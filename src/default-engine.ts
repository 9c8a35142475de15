import type { CheckOptions, Receipt, Revocade, RevokeOptions, Token } from './api.js'
import { claimsFromText, idClaimsFromText } from './claims-option.js'
import { createRevocade } from './create-revocade.js'
import { exposeInternals, internalsOf } from './engine/internals.js'
import { RevocadeError } from './errors.js'
import type { RevocadeOptions } from './options.js'
import { redisUrlProblem } from './redis/usable.js'
import { withVariable } from './validate.js'

let configured: RevocadeOptions | undefined
let starting: Promise<Revocade> | undefined
/** Settles when the last engine is closed: an exclusive store must be released before it is opened again. */
let closing: Promise<void> = Promise.resolve()

/**
 * Sets the options of the process-wide engine. Without this call they come from environment variables:
 *
 * - `REVOCADE_STORE`, `REVOCADE_NAMESPACE`, `REVOCADE_SECRET`, `REVOCADE_MAX_STALENESS_MS`
 * - `REVOCADE_REDIS_URL`, or `REDIS_URL` when it is not set; an empty one turns Redis off. A `REDIS_URL` that
 *   can't be used may be meant for another program: the engine starts without it, with a process warning
 * - `REVOCADE_CLAIMS`, `REVOCADE_ID_CLAIMS`: separated by commas; `+` joins the claims of one selector,
 *   `@` names the claim that its cutoff is compared with
 *
 * @throws {RevocadeError} ERR_CONFIG when the engine is in use already
 */
export function configure(options: RevocadeOptions): void {
  if (starting !== undefined) {
    throw new RevocadeError('ERR_CONFIG', 'configure() must come before the first use of the default engine')
  }
  configured = options
}

/**
 * Returns the process-wide engine, created on first use. After it is closed, the next use creates another
 * one.
 */
export function defaultRevocade(): Promise<Revocade> {
  starting ??= start()
  return starting
}

/** Calls {@link Revocade.isRevoked} of the process-wide engine. */
export async function isRevoked(token: Token, options?: CheckOptions): Promise<boolean> {
  return (await defaultRevocade()).isRevoked(token, options)
}

/** Calls {@link Revocade.revoke} of the process-wide engine. */
export async function revoke(token: Token, options?: RevokeOptions): Promise<Receipt> {
  return (await defaultRevocade()).revoke(token, options)
}

async function start(): Promise<Revocade> {
  try {
    await closing.catch(() => undefined)
    const engine = await (configured === undefined ? fromEnvironment() : createRevocade(configured))
    const self = starting
    const close = (): Promise<void> => {
      // A second close() must not release the engine that was created since the first.
      if (starting === self) starting = undefined
      closing = engine.close()
      return closing
    }
    const shared = { ...engine, close, [Symbol.asyncDispose]: close }
    exposeInternals(shared, internalsOf(engine, 'the default engine'))
    return shared
  } catch (error) {
    // The next call tries again: the store may be available by then.
    starting = undefined
    throw error
  }
}

async function fromEnvironment(): Promise<Revocade> {
  try {
    return await createRevocade(await environmentOptions())
  } catch (error) {
    if (!(error instanceof RevocadeError)) throw error
    const given = Object.entries(VARIABLES).filter(([, name]) => process.env[name] !== undefined)
    const message = withVariable(error.message, new Map(given))
    throw message === error.message ? error : new RevocadeError(error.code, message, { cause: error })
  }
}

const VARIABLES = {
  store: 'REVOCADE_STORE',
  redis: 'REVOCADE_REDIS_URL',
  namespace: 'REVOCADE_NAMESPACE',
  secret: 'REVOCADE_SECRET',
  maxStalenessMs: 'REVOCADE_MAX_STALENESS_MS',
  claims: 'REVOCADE_CLAIMS',
  idClaims: 'REVOCADE_ID_CLAIMS',
}

/**
 * The options from the environment variables that {@link configure} lists, without a `REDIS_URL` that this
 * package can't use.
 */
export async function environmentOptions(env: Environment = process.env): Promise<RevocadeOptions> {
  const { redis, ...options } = optionsFromEnvironment(env)
  if (typeof redis !== 'string') return options
  const problem = env.REVOCADE_REDIS_URL === undefined ? await redisUrlProblem(redis) : undefined
  if (problem === undefined) return { ...options, redis }
  process.emitWarning(
    `REDIS_URL is not used: ${problem}. Set REVOCADE_REDIS_URL to the URL of a Redis for Revocade, ` +
      'or leave it empty for none',
    { type: 'RevocadeWarning', code: 'REVOCADE_REDIS_URL' },
  )
  return options
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the options from environment variables; {@link configure} lists them. `createRevocade` checks the
 * values.
 */
export function optionsFromEnvironment(env: Environment): RevocadeOptions {
  const staleness = env.REVOCADE_MAX_STALENESS_MS
  const redis = env.REVOCADE_REDIS_URL ?? env.REDIS_URL ?? ''
  return {
    ...(env.REVOCADE_STORE === undefined ? {} : { store: env.REVOCADE_STORE }),
    ...(redis === '' ? {} : { redis }),
    ...(env.REVOCADE_NAMESPACE === undefined ? {} : { namespace: env.REVOCADE_NAMESPACE }),
    ...(env.REVOCADE_SECRET === undefined ? {} : { secret: env.REVOCADE_SECRET }),
    ...(staleness === undefined ? {} : { maxStalenessMs: staleness === '' ? NaN : Number(staleness) }),
    ...(env.REVOCADE_CLAIMS === undefined ? {} : { claims: claimsFromText(env.REVOCADE_CLAIMS) }),
    ...(env.REVOCADE_ID_CLAIMS === undefined ? {} : { idClaims: idClaimsFromText(env.REVOCADE_ID_CLAIMS) }),
  }
}
