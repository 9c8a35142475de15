import type { RevocationInput, Selector, Time } from '../../api.js'
import { dottedNameAdvice } from '../../token/claim-path.js'
import { idsInText } from '../../token/ids-in-text.js'
import { CliError, printable } from '../errors.js'
import { parseTime } from '../input/time.js'

/** A line of an import file as the engine's input, or the error in it. */
export type Entry =
  | ({ readonly line: number; readonly bytes: number } & Input)
  | { readonly line: number; readonly bytes: number; readonly error: CliError }

/** What the fields of a line ask for. */
export interface Input {
  readonly input: RevocationInput
  readonly needs?: Needs
  /** For an id without issuer: the token that has none, while `input` is that id of any issuer. */
  readonly withoutIssuer?: RevocationInput
  /** The same id as a number, of the same issuer or of none, where nothing says that it is a text. */
  readonly asNumber?: RevocationInput
}

/** What an engine must be configured with to accept an entry; absent if any engine accepts it. */
export type Needs =
  /** A raw token, which the configured id claims must identify. */
  | { readonly kind: 'token' }
  | { readonly kind: 'id'; readonly claim: string }
  | { readonly kind: 'selector'; readonly names: readonly string[] }

/** The fields of a line, in the order in which export writes them. */
export const FIELDS = [
  'token',
  'jti',
  'idClaim',
  'id',
  'iss',
  'sha256',
  'where',
  'issuedBefore',
  'sameSecond',
  'notBefore',
  'expiresAt',
  'reason',
  'actor',
  'revokedAt',
] as const

const NEEDS_TOKEN: Needs = { kind: 'token' }
const KNOWN: ReadonlySet<string> = new Set(FIELDS)

/**
 * Fields that go with any target. They are assigned, not spread, because this runs for each of a million
 * lines.
 */
interface Details {
  notBefore?: Time
  expiresAt?: Time
  revokedAt?: Time
  reason?: string
  actor?: string
}

/**
 * Turns the fields of a line into the engine's input. Error texts quote no values.
 *
 * @param isTyped - false where an id that looks like a number may be one
 * @throws {CliError} ERR_BAD_LINE, ERR_INVALID_TIME or ERR_NO_EXPIRY when the fields are not an entry
 */
export function toInput(fields: Readonly<Record<string, unknown>>, isTyped = true): Input {
  for (const key in fields)
    if (!KNOWN.has(key)) throw bad(`has an unknown field '${printable(key.slice(0, 40))}'`)
  const { token, sha256, where } = fields
  onlyWhatFits(fields)
  const details = detailsOf(fields)
  if (where !== undefined) return selectorInput(selectorOf(where), fields, details)
  if (token !== undefined) return { input: { token: text(token, 'token'), ...details }, needs: NEEDS_TOKEN }
  const { expiresAt } = details
  if (expiresAt === undefined) throw new CliError('ERR_NO_EXPIRY', "the line has no 'expiresAt'")
  if (sha256 !== undefined) return { input: { sha256: text(sha256, 'sha256'), ...details, expiresAt } }
  return idInput(fields, { ...details, expiresAt }, isTyped)
}

function detailsOf(fields: Readonly<Record<string, unknown>>): Details {
  const details: Details = {}
  if (fields.notBefore !== undefined) details.notBefore = time(fields.notBefore, 'notBefore')
  if (fields.expiresAt !== undefined) details.expiresAt = time(fields.expiresAt, 'expiresAt')
  if (fields.revokedAt !== undefined) details.revokedAt = time(fields.revokedAt, 'revokedAt')
  if (fields.reason !== undefined) details.reason = text(fields.reason, 'reason')
  if (fields.actor !== undefined) details.actor = text(fields.actor, 'actor')
  return details
}

/** Demands exactly one target, and no field that goes with another kind of target. */
function onlyWhatFits({
  token,
  jti,
  idClaim,
  id,
  iss,
  sha256,
  where,
  issuedBefore,
  sameSecond,
}: Readonly<Record<string, unknown>>): void {
  const named =
    Number(token !== undefined) +
    Number(jti !== undefined) +
    Number(idClaim !== undefined) +
    Number(sha256 !== undefined) +
    Number(where !== undefined)
  if (named !== 1) {
    const found = named === 0 ? 'none' : 'several'
    throw bad(`must name one target: it has ${found} of token, jti, idClaim, sha256, where`)
  }
  if (iss !== undefined && jti === undefined && idClaim === undefined)
    throw bad("has 'iss', which goes with 'jti' or 'idClaim' only")
  if (id !== undefined && idClaim === undefined) throw bad("has 'id' without 'idClaim'")
  if (where === undefined && (issuedBefore !== undefined || sameSecond !== undefined)) {
    throw bad("has 'issuedBefore' or 'sameSecond', which go with 'where' only")
  }
}

function idInput(
  fields: Readonly<Record<string, unknown>>,
  details: Details & { expiresAt: Time },
  isTyped: boolean,
): Input {
  const claim = fields.idClaim === undefined ? 'jti' : text(fields.idClaim, 'idClaim')
  if (claim === '') throw bad("has an 'idClaim' without a name")
  const id = fields.idClaim === undefined ? fields.jti : fields.id
  if (typeof id !== 'string' && typeof id !== 'number')
    throw bad('has an id that is neither string nor number')
  const iss = fields.iss === undefined ? undefined : text(fields.iss, 'iss')
  const of = (value: string | number): RevocationInput => {
    if (iss === undefined) return { token: { [claim]: value }, ...details }
    // An input names its id only as `jti`. For another id claim it carries a token's claims instead.
    return claim === 'jti' ? { jti: value, iss, ...details } : { token: { [claim]: value, iss }, ...details }
  }
  const number = isTyped || typeof id === 'number' ? undefined : idsInText(id)[1]
  const more = {
    needs: { kind: 'id', claim },
    ...(number === undefined ? {} : { asNumber: of(number) }),
  } as const
  return iss === undefined
    ? { input: ofAnyIssuer(claim, id, details), withoutIssuer: of(id), ...more }
    : { input: of(id), ...more }
}

function ofAnyIssuer(
  claim: string,
  id: string | number,
  details: Details & { expiresAt: Time },
): RevocationInput {
  if (claim === 'jti') return { jti: id, ...details }
  return { where: { [claim]: id }, issuedBefore: 'ever', ...details }
}

function selectorInput(
  where: Selector,
  fields: Readonly<Record<string, unknown>>,
  details: Details,
): { input: RevocationInput; needs?: Needs } {
  const { issuedBefore, sameSecond } = fields
  const names = Object.keys(where).sort()
  if (sameSecond !== undefined && sameSecond !== 'revoke' && sameSecond !== 'keep') {
    throw bad("has a 'sameSecond' that is neither 'revoke' nor 'keep'")
  }
  return {
    input: {
      where,
      ...(issuedBefore === undefined ? {} : { issuedBefore: cutoff(issuedBefore) }),
      ...(sameSecond === undefined ? {} : { sameSecond }),
      ...details,
    },
    ...(names.length === 0 ? {} : { needs: { kind: 'selector', names } }),
  }
}

function selectorOf(where: unknown): Selector {
  if (typeof where !== 'object' || where === null || Array.isArray(where))
    throw bad("has a 'where' that is not an object")
  const selector: Record<string, string | number> = {}
  const names = Object.keys(where)
  if (names.includes('')) throw bad("has a 'where' that names no claim")
  for (const [name, value] of Object.entries(where)) {
    const advice = dottedNameAdvice(name)
    if (advice !== undefined)
      throw bad(`has a 'where' with the claim '${printable(name.slice(0, 40))}': ${advice}`)
    if (typeof value !== 'string' && typeof value !== 'number')
      throw bad("has a 'where' with a value that is neither string nor number")
    Object.defineProperty(selector, name, { value, enumerable: true, configurable: true, writable: true })
  }
  return selector
}

const cutoff = (value: unknown): Time | 'ever' => (value === 'ever' ? value : time(value, 'issuedBefore'))

function time(value: unknown, name: string): Time {
  if (typeof value !== 'string' && typeof value !== 'number')
    throw bad(`has a '${name}' that is neither string nor number`)
  return parseTime(value, `'${name}'`)
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw bad(`has a '${name}' that is not a string`)
  return value
}

function bad(problem: string): CliError {
  return new CliError('ERR_BAD_LINE', `the line ${problem}`)
}
