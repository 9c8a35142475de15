import { canonicalName, dottedNameAdvice } from './token/claim-path.js'
import { asRecord, optionError, rejectUnknownKeys } from './validate.js'

/** A selector in the option `claims`, with the claim that its cutoff is compared with. */
export interface SelectorOption {
  /** The claims that must all match. */
  readonly claims: readonly string[]
  /**
   * The claim, in NumericDate seconds, that `issuedBefore` is compared with, such as `auth_time`: the time of
   * the login, which a refreshed token keeps. A token without it is revoked, whenever it was issued.
   *
   * @default 'iat'
   */
  readonly issuedAt?: string | undefined
}

/** A selector in the option `claims`: one claim, several together, or {@link SelectorOption}. */
export type ClaimsEntry = string | readonly string[] | SelectorOption

/** The claim that a selector's cutoff is compared with, where it is not `iat`. */
export interface TimeClaim {
  /** The sorted claim names of the selector. */
  readonly names: readonly string[]
  readonly issuedAt: string
}

/** The option `claims` as the engine uses it; nested names are JSON Pointers. */
export interface HonouredSelectors {
  /** The sorted claim names of each selector. */
  readonly selectors: readonly (readonly string[])[]
  readonly timeClaims: readonly TimeClaim[]
}

/**
 * Reads the option `claims`.
 *
 * @throws {RevocadeError} ERR_CONFIG when it is not an array of claim names, or names a selector twice
 */
export function claimsOption(claims: unknown): HonouredSelectors {
  if (!Array.isArray(claims))
    throw optionError(
      'claims',
      "must be an array of claim names, such as ['sid', 'sub', ['sub', 'client_id']]",
    )
  const entries = claims.map(readEntry)
  const selectors = entries.map(({ names }) => names)
  const different = new Set(selectors.map((names) => JSON.stringify(names)))
  if (different.size !== selectors.length)
    throw optionError('claims', 'names the same selector twice: remove one of them')
  return { selectors, timeClaims: entries.filter(({ issuedAt }) => issuedAt !== 'iat') }
}

function readEntry(entry: unknown): TimeClaim {
  if (typeof entry === 'string') return { names: claimNames([entry], 'claims'), issuedAt: 'iat' }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    return { names: claimNames(entry, 'claims').toSorted(), issuedAt: 'iat' }
  const given = asRecord(entry, "an entry of 'claims'")
  rejectUnknownKeys(given, ['claims', 'issuedAt'], "key in an entry of 'claims'")
  const [issuedAt = 'iat'] = claimNames([given.issuedAt ?? 'iat'], 'claims')
  return { names: claimNames(given.claims, 'claims').toSorted(), issuedAt }
}

/**
 * Reads the option `idClaims`.
 *
 * @throws {RevocadeError} ERR_CONFIG when it holds anything but different names of claims that are not nested
 */
export function idClaimsOption(claims: unknown): readonly string[] {
  const names = claimNames(claims, 'idClaims')
  if (names.some((name) => name.startsWith('/')))
    throw optionError('idClaims', 'takes claims that are not nested: only `claims` takes nested ones')
  return names
}

/** Claim names as stores and digests have them: `/sub` becomes `sub`. */
function claimNames(value: unknown, option: string): readonly string[] {
  const isNames =
    Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string' && name !== '')
  if (!isNames) throw optionError(option, 'must hold claim names: non-empty strings')
  const names = value.map((name) => {
    const advice = dottedNameAdvice(String(name))
    if (advice !== undefined) throw optionError(option, `holds the name '${String(name)}': ${advice}`)
    return canonicalName(String(name))
  })
  if (new Set(names).size !== names.length)
    throw optionError(option, 'names a claim twice: remove one of them')
  return names
}

/** What somebody may take for a comma. A name that really holds one can be given in an array. */
const NO_SEPARATOR = /[;|\s]/

/** Why a text can't be the name of one claim, or of several with `+` and `@`; undefined when it can. */
export function separatorProblem(text: string): string | undefined {
  if (!NO_SEPARATOR.test(text)) return undefined
  return `holds the name '${text}': separate names by commas, without spaces, as in sid,sub`
}

function refuseSeparators(text: string, option: string): void {
  const problem = separatorProblem(text)
  if (problem !== undefined) throw optionError(option, problem)
}

/**
 * The option `idClaims` as environment and command line write it: `uti,jti`. Whether the names can be used is
 * checked by {@link idClaimsOption}.
 *
 * @throws {RevocadeError} ERR_CONFIG when a name holds a space or another separator
 */
export function idClaimsFromText(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  for (const name of names) refuseSeparators(name, 'idClaims')
  return names
}

/**
 * The option `claims` as environment and command line write it: selectors as of {@link entryFromText} with
 * commas between them.
 *
 * @throws {RevocadeError} ERR_CONFIG when a name holds a space or another separator
 */
export function claimsFromText(text: string): ClaimsEntry[] {
  const entries = text.split(',').map((entry) => entry.trim())
  for (const entry of entries) refuseSeparators(entry, 'claims')
  return entries.map(entryFromText)
}

/**
 * One selector as a text: `sub`, `client_id+sub`, `sub@auth_time` (the claim after `@` is `issuedAt`).
 * Whether the names can be used is checked by {@link claimsOption}.
 */
export function entryFromText(text: string): ClaimsEntry {
  const at = text.lastIndexOf('@')
  // A name may begin with @.
  if (at > 0) return { claims: text.slice(0, at).split('+'), issuedAt: text.slice(at + 1) }
  return text.includes('+') ? text.split('+') : text
}

/** The claim names of a selector in the option `claims`, in the order given. */
export function namesOfEntry(entry: ClaimsEntry): readonly string[] {
  if (typeof entry === 'string') return [entry]
  return 'claims' in entry ? entry.claims : entry
}
