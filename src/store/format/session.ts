import { RevocadeError } from '../../errors.js'
import type { SessionCommit, SessionCondition, SessionGroup, SessionRow } from '../../ports/index.js'
import { toStoredTime } from './times.js'

const FAMILY_BYTES = 16
const DIGEST_BYTES = 16
const SALT_BYTES = 16
const MAX_TEXT_LENGTH = 255
const MAX_STATE_BYTES = 2048

/**
 * Refuses what no store could keep.
 *
 * @throws {RevocadeError} ERR_CONFIG, or ERR_INVALID_TIME for a time
 */
export function requireSessionCommit({ conditions, put, salt }: SessionCommit): void {
  for (const condition of conditions) requireCondition(condition)
  for (const row of put) requireRow(row)
  if (salt === undefined) return
  requireWhole(salt.minute, 'minute')
  requireBytes(salt.salt, SALT_BYTES, 'salt')
}

/** @throws {RevocadeError} ERR_CONFIG when it is no key of a row */
export const requireFamily = (family: Uint8Array): void => requireBytes(family, FAMILY_BYTES, 'family')

/** @throws {RevocadeError} ERR_CONFIG when no row could be in the group */
export function requireGroup(group: SessionGroup): void {
  if ('sub' in group) requireText(group.sub, 'sub')
  else requireText(group.sid, 'sid')
}

function requireCondition(condition: SessionCondition): void {
  if ('family' in condition) {
    requireFamily(condition.family)
    requireWhole(condition.version, 'version')
  } else if ('digest' in condition) {
    requireBytes(condition.digest, DIGEST_BYTES, 'digest')
    requireWhole(condition.seq, 'seq')
  } else {
    requireGroup(condition.group)
    requireWhole(condition.rows, 'rows')
    requireWhole(condition.newest, 'newest')
  }
}

function requireRow({ family, sid, clientId, sub, createdAt, purgeAt, state }: SessionRow): void {
  requireFamily(family)
  requireText(sid, 'sid')
  requireText(clientId, 'clientId')
  requireText(sub, 'sub')
  requireTime(createdAt, 'createdAt')
  requireTime(purgeAt, 'purgeAt')
  if (state.length > MAX_STATE_BYTES)
    throw refused(`the state of a session has at most ${MAX_STATE_BYTES} bytes, not ${state.length}`)
}

/** Not every store can tell apart, or keep at all, a lone surrogate and U+0000. */
function requireText(text: string, name: string): void {
  if (text.length > MAX_TEXT_LENGTH)
    throw refused(`the ${name} of a session has at most ${MAX_TEXT_LENGTH} characters, not ${text.length}`)
  if (text.includes('\0') || !text.isWellFormed())
    throw refused(`the ${name} of a session has neither U+0000 nor half of a surrogate pair`)
}

function requireTime(time: number, name: string): void {
  if (toStoredTime(time, name) === time) return
  throw new RevocadeError('ERR_INVALID_TIME', `${name} can't be stored: ${time} is no whole millisecond`)
}

function requireWhole(value: number, name: string): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw refused(`the ${name} of a session's commit is a whole number from 0 on, not ${value}`)
}

function requireBytes(bytes: Uint8Array, length: number, name: string): void {
  if (bytes.length !== length)
    throw refused(`a ${name} of a session's commit has ${length} bytes, not ${bytes.length}`)
}

const refused = (why: string): RevocadeError => new RevocadeError('ERR_CONFIG', why)
