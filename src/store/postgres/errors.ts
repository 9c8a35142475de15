import { isNativeError } from 'node:util/types'
import { RevocadeError } from '../../errors.js'

/** What the store was doing when it failed; this decides the error code. */
export type PostgresOperation = 'open' | 'read' | 'write'

// SQLSTATEs that our functions raise.

/** The schema holds another store, or lacks the namespace. */
export const REPLACED = 'RV001'
/** The server is in recovery. */
export const REPLICA = 'RV002'
/** A commit after its deadline, or one that was cancelled. */
export const TOO_LATE = 'RV003'
const ISOLATION = 'RV004'

const READ_ONLY_TRANSACTION = '25006'

/** What to do about a SQLSTATE, or about its class (the first two characters). */
const HINTS: Readonly<Record<string, string>> = {
  '28': 'check the user and the password of the URL',
  '3D000': 'create the database, or name another one in the URL',
  '3F000': 'the schema is missing: restart the engine, which creates it',
  '42P01': 'a table of the store is missing: restore it from a backup',
  '42883': 'a function of the store is missing: restore it from a backup',
  '42501': "give this user the privileges of docs/postgres.md: 'Privileges'",
  '53300': 'the server has no connection left: raise max_connections, or use PgBouncer',
  '53100': 'the disk of the server is full: free some space',
  '55P03': 'another connection kept the store locked: try again',
  '57': 'the server is starting, stopping or was told to end the connection: try again',
  [READ_ONLY_TRANSACTION]: 'the server takes no writes: it may be a replica. Connect to the primary',
  [REPLICA]: 'it is a replica, which may lack revocations: connect to the primary',
  [REPLACED]: 'another store is in its place, or it was restored from an old backup: restart the engine',
  [ISOLATION]: 'the pooler gave a transaction of another isolation level: use READ COMMITTED',
  ECONNREFUSED: 'no server listens there: check the host and the port, or start it',
  ENOTFOUND: 'the name of the host is not known: check it',
}

/** The SQLSTATE, or the system's code, of what was thrown; '' if it has none. */
export const codeOf = (error: unknown): string =>
  isNativeError(error) && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** Whether an error came from the server as its answer, and not from the network between. */
export const isAnswer = (error: unknown): boolean =>
  isNativeError(error) && 'severity' in error && codeOf(error).length === 5

/**
 * Whether the connection is of no use any more: it was lost, or leads to a server that is no primary. (A pool
 * keeps connections to a demoted primary.)
 */
export function spoilsConnection(error: unknown): boolean {
  const code = codeOf(error)
  return !isAnswer(error) || code === READ_ONLY_TRANSACTION || code === REPLICA || /^(57P|08)/.test(code)
}

/** A query had no answer within its time. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'

  constructor(ms: number) {
    super(`no answer within ${ms} ms`)
  }
}

/** Turns anything that a connection threw into a {@link RevocadeError}, unless it is one already. */
export function toRevocadeError(cause: unknown, operation: PostgresOperation): RevocadeError {
  if (cause instanceof RevocadeError) return cause
  const why = describe(cause)
  if (operation === 'write') {
    const message = `nothing was acknowledged: the PostgreSQL store could not commit: ${why}`
    return new RevocadeError('ERR_NOT_DURABLE', message, { cause })
  }
  const verb = operation === 'open' ? 'opened' : 'read'
  return new RevocadeError('ERR_STORE_UNAVAILABLE', `the PostgreSQL store can't be ${verb}: ${why}`, {
    cause,
  })
}

function describe(cause: unknown): string {
  const code = codeOf(cause)
  const message = (isNativeError(cause) ? cause.message : String(cause)) || 'the connection failed'
  const hint = HINTS[code] ?? (isAnswer(cause) ? HINTS[code.slice(0, 2)] : undefined)
  return `${message}${code === '' ? '' : ` [${code}]`}${hint === undefined ? '' : `; ${hint}`}`
}

/** The error for a server that is no primary. */
export const replica = (): RevocadeError =>
  new RevocadeError('ERR_STORE_UNAVAILABLE', `the PostgreSQL server can't be used: ${HINTS[REPLICA] ?? ''}`)

/** The error for a schema that holds another store than the one that was opened. */
export const replaced = (): RevocadeError =>
  new RevocadeError('ERR_STORE_UNAVAILABLE', `the PostgreSQL store can't be used: ${HINTS[REPLACED] ?? ''}`)
