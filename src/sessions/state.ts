import { RevocadeError } from '../errors.js'
import type { SessionRow, StoredSession } from '../ports/index.js'
import { asRecord } from '../validate.js'
import type { IssuedClaims, Session, SessionDetails } from './api.js'
import type { RefreshToken } from './refresh-token.js'

const FORMAT = 1
const ENDED = 1
const LOGIN_ENDED = 2
const HASH_AT = 6
const TIMES_AT = HASH_AT + 32
const TIME_BYTES = 6
const TAIL_AT = TIMES_AT + 4 * TIME_BYTES
const DAY_MS = 86_400_000

const NO_TAIL: Pick<SessionState, 'jkt' | 'details'> = Object.freeze({})

/** How a session ended. */
export interface Ended {
  readonly at: number
  /** Whether the whole login ended, and nothing can join it any more. */
  readonly login: boolean
}

/** What a row keeps of a session besides what it is found by. Times are in milliseconds since 1970. */
export interface SessionState {
  /** Of the present refresh token. */
  readonly generation: number
  /** SHA-256 of the secret of the present refresh token. */
  readonly hash: Uint8Array
  /** Of the commit that issued it. */
  readonly rotatedAt: number
  readonly idleUntil: number
  readonly endsAt: number
  readonly ended?: Ended | undefined
  readonly jkt?: string | undefined
  readonly details?: SessionDetails | undefined
}

/** A session as it is stored. */
export interface Family extends Omit<StoredSession, 'state'>, SessionState {}

/** A session to store. */
export type NewFamily = Omit<Family, 'version' | 'purgeAt'>

/** @throws {RevocadeError} ERR_STORE_MISMATCH or ERR_STORE_CORRUPT when the state of a row can't be read */
export function readFamily(row: StoredSession): Family {
  const { family, version, sid, clientId, sub, createdAt, purgeAt, state } = row
  const bytes = Buffer.from(state.buffer, state.byteOffset, state.byteLength)
  if (bytes[0] !== FORMAT)
    throw new RevocadeError(
      'ERR_STORE_MISMATCH',
      'the store holds a session that a newer version of this package wrote: update this one',
    )
  if (bytes.length < TAIL_AT) throw unreadable()
  const time = (index: number): number => bytes.readUIntBE(TIMES_AT + index * TIME_BYTES, TIME_BYTES)
  const flags = bytes.readUInt8(1)
  const { jkt, details } = bytes.length === TAIL_AT ? NO_TAIL : readTail(bytes.toString('utf8', TAIL_AT))
  // Name by name: to copy "the rest" costs more than all else that is done here.
  return {
    family,
    version,
    sid,
    clientId,
    sub,
    createdAt,
    purgeAt,
    generation: bytes.readUInt32BE(2),
    hash: bytes.subarray(HASH_AT, TIMES_AT),
    rotatedAt: time(0),
    idleUntil: time(1),
    endsAt: time(2),
    ended: (flags & ENDED) === 0 ? undefined : { at: time(3), login: (flags & LOGIN_ENDED) !== 0 },
    jkt,
    details,
  }
}

/** The row of a session. It is kept for a day after its end, to the next full day: then it seldom changes. */
export function rowOf(family: NewFamily): SessionRow {
  const { sid, clientId, sub, createdAt } = family
  const purgeAt = (Math.ceil(expiryOf(family) / DAY_MS) + 1) * DAY_MS
  return { family: family.family, sid, clientId, sub, createdAt, purgeAt, state: stateOf(family) }
}

function stateOf({
  generation,
  hash,
  rotatedAt,
  idleUntil,
  endsAt,
  ended,
  jkt,
  details,
}: SessionState): Buffer {
  const head = Buffer.allocUnsafe(TAIL_AT) // every byte is written
  head[0] = FORMAT
  head[1] = ended === undefined ? 0 : ended.login ? ENDED | LOGIN_ENDED : ENDED
  head.writeUInt32BE(generation, 2)
  head.set(hash, HASH_AT)
  let at = TIMES_AT
  for (const time of [rotatedAt, idleUntil, endsAt, ended?.at ?? 0])
    at = head.writeUIntBE(time, at, TIME_BYTES)
  if (jkt === undefined && details === undefined) return head
  return Buffer.concat([head, Buffer.from(JSON.stringify({ jkt, details }))])
}

function readTail(text: string): Pick<SessionState, 'jkt' | 'details'> {
  try {
    const { jkt, details } = asRecord(JSON.parse(text), 'the tail')
    return {
      ...(typeof jkt === 'string' ? { jkt } : {}),
      ...(details === undefined ? {} : { details: detailsOf(asRecord(details, 'details')) }),
    }
  } catch (error) {
    throw unreadable(error)
  }
}

function detailsOf(given: Record<string, unknown>): SessionDetails {
  const details: [string, SessionDetails[string]][] = []
  for (const [name, value] of Object.entries(given)) if (isDetail(value)) details.push([name, value])
  return Object.fromEntries(details)
}

/** Whether a value can be among the details of a session. */
export function isDetail(value: unknown): value is SessionDetails[string] {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

function unreadable(cause?: unknown): RevocadeError {
  return new RevocadeError('ERR_STORE_CORRUPT', 'the store holds a session that can not be read', { cause })
}

/** When a session ends unless it is refreshed. */
export const expiryOf = ({ idleUntil, endsAt }: SessionState): number => Math.min(idleUntil, endsAt)

/** Whether the refresh token of a session is too old, at a time in milliseconds. */
export const isExpired = (state: SessionState, now: number): boolean => now >= expiryOf(state)

/** The claims that revocations are compared with: those of a token that was issued when the session began. */
export function claimsSince({ sub, sid, clientId }: Pick<Family, 'sub' | 'sid' | 'clientId'>, time: number) {
  return { sub, sid, ...(clientId === '' ? {} : { client_id: clientId }), iat: Math.floor(time / 1000) }
}

/** The claims to sign. */
export function claimsToSign(family: NewFamily): IssuedClaims {
  const { rotatedAt, jkt } = family
  return { ...claimsSince(family, rotatedAt), ...(jkt === undefined ? {} : { cnf: { jkt } }) }
}

/** A session as callers see it. */
export function sessionOf(family: NewFamily): Session {
  const { sid, sub, clientId, createdAt, rotatedAt, details, jkt } = family
  return {
    sid,
    sub,
    ...(clientId === '' ? {} : { clientId }),
    createdAt: new Date(createdAt),
    rotatedAt: new Date(rotatedAt),
    expiresAt: new Date(expiryOf(family)),
    ...(details === undefined ? {} : { details }),
    bound: jkt !== undefined,
  }
}

/** The session with its next refresh token. */
export function withToken(family: Family, { generation, hash }: RefreshToken, rotatedAt: number): Family {
  return { ...family, generation, hash, rotatedAt }
}
