import type { RevocationInput, Selector, Time } from '../../api.js'
import { CliError, printable } from '../errors.js'
import { parseTime } from '../time.js'

/** A line of an import file, or why it can't be one. */
export type Entry =
  | { readonly line: number; readonly bytes: number; readonly input: RevocationInput; readonly needs?: Needs }
  | { readonly line: number; readonly bytes: number; readonly error: CliError }

/** What the engine must be set up for before it can take an entry; absent: nothing. */
export type Needs =
  /** A raw token: named by the configured id claims and no other. */
  | { readonly kind: 'token' }
  | { readonly kind: 'id'; readonly claim: string }
  | { readonly kind: 'selector'; readonly names: readonly string[] }

/** Fields that may stand in a line, in the order in which export writes them. */
export const FIELDS = [
  'token', 'jti', 'idClaim', 'id', 'iss', 'sha256', 'where',
  'issuedBefore', 'sameSecond', 'expiresAt', 'reason', 'actor', 'revokedAt',
] as const

const NEEDS_TOKEN: Needs = { kind: 'token' }
const NEEDS_JTI: Needs = { kind: 'id', claim: 'jti' }
const KNOWN: ReadonlySet<string> = new Set(FIELDS)

/** A parsed line, as the engine takes it. Throws `ERR_BAD_LINE` or `ERR_INVALID_TIME`; messages quote no values. */
export function toInput(fields: Readonly<Record<string, unknown>>): { input: RevocationInput; needs?: Needs } {
  for (const key in fields) if (!KNOWN.has(key)) throw bad(`has an unknown field '${printable(key.slice(0, 40))}'`)
  const { token, jti, idClaim, sha256, where } = fields
  const common = {
    ...time(fields, 'expiresAt'),
    ...time(fields, 'revokedAt'),
    ...text(fields, 'reason'),
    ...text(fields, 'actor'),
  }
  const named = Number(token !== undefined) + Number(jti !== undefined) + Number(idClaim !== undefined)
    + Number(sha256 !== undefined) + Number(where !== undefined)
  if (named !== 1) throw bad(`must name one target: ${named === 0 ? 'it has none' : 'it has several'} of token, jti, idClaim, sha256, where`)
  if (fields.iss !== undefined && jti === undefined && idClaim === undefined) throw bad("has 'iss', which goes with 'jti' or 'idClaim' only")
  if (fields.id !== undefined && idClaim === undefined) throw bad("has 'id' without 'idClaim'")
  if (where === undefined && (fields.issuedBefore !== undefined || fields.sameSecond !== undefined)) {
    throw bad("has 'issuedBefore' or 'sameSecond', which go with 'where' only")
  }

  if (where !== undefined) {
    const selector = selectorOf(where)
    return {
      input: { where: selector, ...time(fields, 'issuedBefore'), ...sameSecond(fields.sameSecond), ...common },
      needs: { kind: 'selector', names: Object.keys(selector).sort() },
    }
  }
  if (token !== undefined) {
    if (typeof token !== 'string') throw bad("has a 'token' that is no string")
    return { input: { token, ...common }, needs: NEEDS_TOKEN }
  }
  const { expiresAt } = common
  if (expiresAt === undefined) throw new CliError('ERR_NO_EXPIRY', "the line has no 'expiresAt'")
  if (sha256 !== undefined) {
    if (typeof sha256 !== 'string') throw bad("has a 'sha256' that is no string")
    return { input: { sha256, ...common, expiresAt } }
  }
  const id = idClaim === undefined ? jti : fields.id
  if (typeof id !== 'string' && typeof id !== 'number') throw bad("has an id that is neither string nor number")
  const iss = text(fields, 'iss')
  if (idClaim === undefined || idClaim === 'jti') return { input: { jti: id, ...iss, ...common, expiresAt }, needs: NEEDS_JTI }
  if (typeof idClaim !== 'string') throw bad("has an 'idClaim' that is no string")
  return { input: claimInput(idClaim, id, iss.iss, { ...common, expiresAt }), needs: { kind: 'id', claim: idClaim } }
}

/** Any configured id claim may stand in place of `jti`; the type can't say which. As claims, it can. */
function claimInput(
  claim: string,
  id: string | number,
  iss: string | undefined,
  rest: { readonly expiresAt: Time; readonly reason?: string; readonly actor?: string; readonly revokedAt?: Time },
): RevocationInput {
  return { token: { [claim]: id, ...(iss === undefined ? {} : { iss }) }, ...rest }
}

function selectorOf(where: unknown): Selector {
  if (typeof where !== 'object' || where === null || Array.isArray(where)) throw bad("has a 'where' that is no object")
  const selector: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(where)) {
    if (typeof value !== 'string' && typeof value !== 'number') throw bad("has a 'where' with a value that is neither string nor number")
    Object.defineProperty(selector, name, { value, enumerable: true, configurable: true, writable: true })
  }
  return selector
}

function sameSecond(value: unknown): { sameSecond?: 'revoke' | 'keep' } {
  if (value === undefined) return {}
  if (value === 'revoke' || value === 'keep') return { sameSecond: value }
  throw bad("has a 'sameSecond' that is neither 'revoke' nor 'keep'")
}

function time<Name extends string>(fields: Readonly<Record<string, unknown>>, name: Name): { [K in Name]?: Time } {
  const value = fields[name]
  if (value === undefined) return {}
  if (typeof value !== 'string' && typeof value !== 'number') throw bad(`has a '${name}' that is neither string nor number`)
  return one(name, parseTime(value, `'${name}'`))
}

function text<Name extends string>(fields: Readonly<Record<string, unknown>>, name: Name): { [K in Name]?: string } {
  const value = fields[name]
  if (value === undefined) return {}
  if (typeof value !== 'string') throw bad(`has a '${name}' that is no string`)
  return one(name, value)
}

function one<Name extends string, Value>(name: Name, value: Value): { [K in Name]?: Value } {
  const record: { [K in Name]?: Value } = {}
  record[name] = value
  return record
}

function bad(problem: string): CliError {
  return new CliError('ERR_BAD_LINE', `the line ${problem}`)
}
