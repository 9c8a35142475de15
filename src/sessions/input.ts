import { readRevokeOptions } from '../engine/revocation-request.js'
import { RevocadeError } from '../errors.js'
import type { SessionGroup } from '../ports/index.js'
import { withoutTokens } from '../token/token-in-text.js'
import { asRecord, rejectUnknownKeys } from '../validate.js'
import type { EndOptions, NewSession, RefreshProof, SessionDetails, SessionsToEnd } from './api.js'
import { isDetail } from './state.js'

const MAX_TEXT = 255
const MAX_DETAILS_BYTES = 1024
const THUMBPRINT = /^[\w-]{43}$/

/** What `revoke` is to end, read. */
export type ToEnd =
  | { readonly is: 'login'; readonly sid: string }
  | { readonly is: 'app'; readonly sid: string; readonly clientId: string }
  | { readonly is: 'token'; readonly refreshToken: unknown }
  | { readonly is: 'user'; readonly sub: string; readonly except: string | undefined }

/** @throws {RevocadeError} ERR_CONFIG when something is unknown, missing or not valid */
export function readNewSession(session: NewSession): NewSession {
  const given = asRecord(session, 'a session')
  rejectUnknownKeys(given, ['sub', 'clientId', 'sid', 'jkt', 'details'], 'key')
  const jkt = optionalText(given.jkt, 'jkt')
  if (jkt !== undefined && !THUMBPRINT.test(jkt))
    throw wrong('jkt', 'must be a SHA-256 thumbprint in base64url (RFC 7638): 43 characters')
  return {
    sub: text(given.sub, 'sub'),
    clientId: optionalText(given.clientId, 'clientId'),
    sid: optionalText(given.sid, 'sid'),
    jkt,
    details: readDetails(given.details),
  }
}

/** @throws {RevocadeError} ERR_CONFIG when something is unknown or not valid */
export function readProof(proof: RefreshProof): RefreshProof {
  const given = asRecord(proof, 'what the client has shown')
  rejectUnknownKeys(given, ['clientId', 'jkt', 'details'], 'key')
  return {
    clientId: optionalText(given.clientId, 'clientId'),
    jkt: optionalText(given.jkt, 'jkt'),
    details: readDetails(given.details),
  }
}

/** @throws {RevocadeError} ERR_CONFIG when it is not one of the forms of {@link SessionsToEnd} */
export function readToEnd(what: SessionsToEnd): ToEnd {
  const given = asRecord(what, 'what to end')
  if ('refreshToken' in given) {
    rejectUnknownKeys(given, ['refreshToken'], 'key')
    return { is: 'token', refreshToken: given.refreshToken }
  }
  if ('sub' in given) {
    rejectUnknownKeys(given, ['sub', 'except'], 'key')
    return { is: 'user', sub: text(given.sub, 'sub'), except: optionalText(given.except, 'except') }
  }
  rejectUnknownKeys(given, ['sid', 'clientId'], 'key')
  const sid = text(given.sid, 'sid')
  const clientId = optionalText(given.clientId, 'clientId')
  return clientId === undefined ? { is: 'login', sid } : { is: 'app', sid, clientId }
}

/** @throws {RevocadeError} ERR_CONFIG when an option is unknown or not valid */
export function requireEndOptions(options: EndOptions): void {
  rejectUnknownKeys(asRecord(options, 'options'), ['reason', 'actor', 'ack'], 'option')
  readRevokeOptions(options, [])
}

/** @throws {RevocadeError} ERR_CONFIG when it is not one of a user or a login */
export function readGroup(where: unknown): SessionGroup {
  const given = asRecord(where, 'where')
  const name = 'sub' in given ? 'sub' : 'sid'
  rejectUnknownKeys(given, [name], 'key')
  const value = text(given[name], name)
  return name === 'sub' ? { sub: value } : { sid: value }
}

/** @throws {RevocadeError} ERR_CONFIG when no session can have it */
export function text(value: unknown, name: string): string {
  const fits =
    typeof value === 'string' &&
    value !== '' &&
    value.length <= MAX_TEXT &&
    value.isWellFormed() &&
    !value.includes('\0')
  if (fits) return value
  throw wrong(name, `must be a well-formed string of 1 to ${MAX_TEXT} characters, without U+0000`)
}

const optionalText = (value: unknown, name: string): string | undefined =>
  value === undefined ? undefined : text(value, name)

function readDetails(value: unknown): SessionDetails | undefined {
  if (value === undefined) return undefined
  const given = Object.entries(asRecord(value, "'details'"))
  const details: [string, SessionDetails[string]][] = []
  for (const [name, detail] of given) {
    if (detail === undefined) continue
    if (!isDetail(detail)) throw wrong('details', 'must hold strings, numbers, booleans and null only')
    details.push([name, typeof detail === 'string' ? withoutTokens(detail) : detail])
  }
  const read = Object.fromEntries(details)
  if (Buffer.byteLength(JSON.stringify(read)) <= MAX_DETAILS_BYTES) return read
  throw wrong('details', `must have at most ${MAX_DETAILS_BYTES} bytes as JSON`)
}

const wrong = (name: string, problem: string): RevocadeError =>
  new RevocadeError('ERR_CONFIG', `'${name}' ${problem}`)
