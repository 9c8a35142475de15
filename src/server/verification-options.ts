import { optionError } from '../validate.js'

/** The key that signatures are verified with, and what else must be right. */
export interface VerificationSettings {
  /** A URL or a path, or else the secret. */
  readonly key: { readonly jwks: string } | { readonly hmacSecret: string }
  readonly issuer: readonly string[] | undefined
  readonly audience: readonly string[] | undefined
  readonly algorithms: readonly string[] | undefined
}

/** The options that are read here. */
interface Given {
  readonly jwks?: unknown
  readonly hmacSecret?: unknown
  readonly issuer?: unknown
  readonly audience?: unknown
  readonly algorithms?: unknown
}

/** That of HS256: a shorter one can be guessed. */
const FEWEST_SECRET_CHARACTERS = 32

/**
 * Reads the options of verification.
 *
 * @returns undefined without a key
 * @throws {RevocadeError} ERR_CONFIG when one is not valid, or stands there without a key
 */
export function readVerification(given: Given): VerificationSettings | undefined {
  const key = readKey(given)
  const names = {
    issuer: readNames(given.issuer, 'issuer'),
    audience: readNames(given.audience, 'audience'),
    algorithms: readNames(given.algorithms, 'algorithms'),
  }
  if (names.algorithms?.includes('none') === true) throw optionError('algorithms', "can't have 'none'")
  if (key !== undefined) return { key, ...names }
  const [without] = Object.entries(names).filter(([, value]) => value !== undefined)
  if (without !== undefined) throw optionError(without[0], "needs a key: give 'jwks' or 'hmacSecret'")
  return undefined
}

function readKey({ jwks, hmacSecret }: Given): VerificationSettings['key'] | undefined {
  if (jwks !== undefined && hmacSecret !== undefined)
    throw optionError('jwks', "and 'hmacSecret' exclude each other")
  if (jwks !== undefined) {
    if (typeof jwks === 'string' && jwks !== '') return { jwks }
    throw optionError('jwks', 'must be a URL, or the path of a JSON Web Key Set')
  }
  if (hmacSecret === undefined) return undefined
  if (typeof hmacSecret === 'string' && hmacSecret.length >= FEWEST_SECRET_CHARACTERS) return { hmacSecret }
  const has = typeof hmacSecret === 'string' ? `: it has ${hmacSecret.length}` : ''
  throw optionError('hmacSecret', `must be a string of at least ${FEWEST_SECRET_CHARACTERS} characters${has}`)
}

function readNames(value: unknown, option: string): readonly string[] | undefined {
  if (value === undefined) return undefined
  const list: unknown[] = Array.isArray(value) ? value : [value]
  const texts = list.filter((name) => typeof name === 'string' && name !== '')
  if (texts.length === 0 || texts.length !== list.length)
    throw optionError(option, 'must be a string, or an array of them')
  return texts.map(String)
}
