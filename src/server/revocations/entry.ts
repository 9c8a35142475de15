import type {
  Receipt,
  Revocade,
  RevocationInput,
  RevokeOptions,
  RevokeWhereOptions,
  Selector,
  Time,
  Token,
} from '../../api.js'
import { type IdForms, revokeForms } from '../../engine/id-forms.js'
import { RequestError } from '../problem.js'

/** A body that has met its schema. */
export type Entry = Readonly<Record<string, unknown>>

/** What can revoke: an engine, or something that only says what would be. */
interface Revoker<T> {
  readonly revoke: (token: Token, options: RevokeOptions) => Promise<T>
  readonly revokeWhere: (selector: Selector, options: RevokeWhereOptions) => Promise<T>
}

/**
 * Makes the revocation that a body asks for, in the name of whoever asks. An id without issuer is that id of
 * any issuer, as on the command line.
 */
export function revokeEntry<T>(engine: Revoker<T>, entry: Entry, actor: string): Promise<T> {
  const options = optionsOf(entry, actor)
  if (typeof entry.token === 'string') return engine.revoke(entry.token, options)
  const where = selectorOf(entry.where)
  if (where !== undefined) return engine.revokeWhere(where, { ...options, ...cutoffOf(entry) })
  const { id, claims } = namedId(entry)
  if ('iss' in claims) return engine.revoke(claims, options)
  return engine.revokeWhere(id, { ...options, issuedBefore: 'ever' })
}

/**
 * Makes the revocation that entries ask for: one entry, or an id of an issuer in two forms, a text and a
 * number. Those are one commit.
 */
export function revokeEntries(
  engine: Revocade,
  [entry, ...others]: readonly [Entry, ...Entry[]],
  { reason, actor }: { readonly reason: string; readonly actor: string },
): Promise<Receipt> {
  const given = { ...entry, reason }
  if (others.length === 0) return revokeEntry(engine, given, actor)
  const forms: IdForms = [namedId(entry).claims, ...others.map((other) => namedId(other).claims)]
  return revokeForms(engine, forms, optionsOf(given, actor))
}

const optionsOf = (entry: Entry, actor: string): RevokeOptions => ({
  ...timesOf(entry),
  ...(typeof entry.reason === 'string' ? { reason: entry.reason } : {}),
  ...(entry.ack === 'fleet' ? { ack: 'fleet' } : {}),
  actor,
})

/** Takes back the revocation that a body names, in the name of whoever asks. */
export function unrevokeEntry(
  engine: Pick<Revocade, 'unrevoke' | 'unrevokeWhere'>,
  entry: Entry,
  actor: string,
): Promise<Receipt> {
  if (typeof entry.token === 'string') return engine.unrevoke(entry.token, { actor })
  const where = selectorOf(entry.where)
  return where === undefined
    ? engine.unrevoke(namedId(entry).claims, { actor })
    : engine.unrevokeWhere(where, { actor })
}

/**
 * A line of a bulk request as the engine takes it.
 *
 * @throws {RequestError} when it names its target by a hash and has no expiry
 */
export function bulkInput(entry: Entry, actor: string): RevocationInput {
  const details = {
    ...timesOf(entry),
    ...(typeof entry.reason === 'string' ? { reason: entry.reason } : {}),
    actor,
  }
  if (typeof entry.token === 'string') return { token: entry.token, ...details }
  const where = selectorOf(entry.where)
  if (where !== undefined) return { where, ...cutoffOf(entry), ...details }
  if (typeof entry.sha256 === 'string') {
    const { expiresAt } = details
    if (expiresAt === undefined) throw new RequestError(400, 'no-expiry', 'the entry has no expiresAt')
    return { sha256: entry.sha256, ...details, expiresAt }
  }
  const { id, claims } = namedId(entry)
  return 'iss' in claims ? { token: claims, ...details } : { where: id, ...details, issuedBefore: 'ever' }
}

function timesOf({ notBefore, expiresAt }: Entry): { notBefore?: Time; expiresAt?: Time } {
  return {
    ...(notBefore === undefined ? {} : { notBefore: timeOf(notBefore) }),
    ...(expiresAt === undefined ? {} : { expiresAt: timeOf(expiresAt) }),
  }
}

function cutoffOf({ issuedBefore, sameSecond }: Entry): {
  issuedBefore?: Time | 'ever'
  sameSecond?: 'revoke' | 'keep'
} {
  return {
    ...(issuedBefore === undefined
      ? {}
      : { issuedBefore: issuedBefore === 'ever' ? 'ever' : timeOf(issuedBefore) }),
    ...(sameSecond === 'keep' || sameSecond === 'revoke' ? { sameSecond } : {}),
  }
}

function timeOf(value: unknown): Time {
  if (typeof value === 'number') return value
  const time = new Date(String(value))
  if (Number.isNaN(time.getTime())) throw new RequestError(400, 'invalid-time', 'a time is not valid')
  return time
}

function selectorOf(where: unknown): Selector | undefined {
  if (typeof where !== 'object' || where === null) return undefined
  const claims = Object.entries(where).filter(
    (claim): claim is [string, string | number] =>
      typeof claim[1] === 'string' || typeof claim[1] === 'number',
  )
  return Object.fromEntries(claims)
}

const DETAILS = new Set(['notBefore', 'expiresAt', 'reason', 'ack', 'revokedAt', 'actor'])

/** The id claim of an entry, alone and with the issuer. An export has some claims as `idClaim` and `id`. */
function namedId({ idClaim, id: value, ...entry }: Entry): {
  readonly id: Selector
  readonly claims: Selector
} {
  const named = typeof idClaim === 'string' ? { ...entry, [idClaim]: value } : { id: value, ...entry }
  const claims =
    selectorOf(Object.fromEntries(Object.entries(named).filter(([name]) => !DETAILS.has(name)))) ?? {}
  const id = Object.fromEntries(Object.entries(claims).filter(([name]) => name !== 'iss'))
  return { id, claims }
}
