import { isNativeError } from 'node:util/types'
import { RevocadeError, type RevocadeErrorCode } from '../../errors.js'
import { sqliteCode, SqliteError } from './file/driver.js'
import { setupError } from './setup-error.js'

/** What SQLite was doing when it failed; this decides the error code. */
export type StoreOperation = 'open' | 'read' | 'write'

const HINTS: readonly (readonly [prefix: string, hint: string])[] = [
  ['SQLITE_FULL', 'the disk is full: free some space'],
  ['SQLITE_BUSY', 'another connection kept the database locked: try again'],
  ['SQLITE_CANTOPEN', 'check that the directory exists and that this process may read and write it'],
  ['SQLITE_READONLY', 'this process may not write the file or its directory: check their permissions'],
  ['SQLITE_IOERR', 'the disk reported an error, or is full'],
  ['SQLITE_PERM', 'check the permissions of the file and its directory'],
]

/**
 * Turns anything a connection threw into a {@link RevocadeError}. One that is a RevocadeError already is
 * returned.
 */
export function toRevocadeError(cause: unknown, operation: StoreOperation, path: string): RevocadeError {
  if (cause instanceof RevocadeError) return cause
  const setup = operation === 'write' ? undefined : setupError(cause)
  if (setup !== undefined) return setup
  const code = sqliteCode(cause)
  if (isDamage(code, operation)) {
    const what =
      code === 'SQLITE_NOTADB'
        ? `the file ${path} is not an SQLite database: check its path; if that is right, restore it`
        : `the store ${path} is damaged (${messageOf(cause)}): restore it`
    const message = `${what} from a backup. The file was not changed`
    return new RevocadeError('ERR_STORE_CORRUPT', message, { cause })
  }
  const why = describe(cause, code)
  if (operation === 'write') {
    const message = `nothing was acknowledged: the store ${path} could not commit: ${why}`
    return new RevocadeError('ERR_NOT_DURABLE', message, { cause })
  }
  const verb = operation === 'open' ? 'opened' : 'read'
  return new RevocadeError('ERR_STORE_UNAVAILABLE', `the store ${path} can't be ${verb}: ${why}`, { cause })
}

function isDamage(code: string, operation: StoreOperation): boolean {
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return true
  return operation === 'open' && code === 'SQLITE_ERROR' // a statement does not fit: a column is missing
}

function describe(cause: unknown, code: string): string {
  const hint = HINTS.find(([prefix]) => code.startsWith(prefix))?.[1]
  return `${messageOf(cause)}${code === '' ? '' : ` [${code}]`}${hint === undefined ? '' : `; ${hint}`}`
}

const messageOf = (error: unknown): string => (isNativeError(error) ? error.message : String(error))

/** An error on its way between threads: structured cloning keeps neither the class nor the code. */
export interface PackedError {
  readonly code: RevocadeErrorCode
  readonly message: string
  readonly cause: { readonly code: string; readonly message: string } | undefined
}

/** Prepares an error for `postMessage`. */
export function packError({ code, message, cause }: RevocadeError): PackedError {
  if (cause === undefined) return { code, message, cause }
  return { code, message, cause: { code: sqliteCode(cause), message: messageOf(cause) } }
}

/** The reverse of {@link packError}. */
export function unpackError({ code, message, cause }: PackedError): RevocadeError {
  if (cause === undefined) return new RevocadeError(code, message)
  return new RevocadeError(code, message, {
    cause: cause.code === '' ? new Error(cause.message) : new SqliteError(cause.message, cause.code),
  })
}
