import { RevocadeError, type RevocadeErrorCode } from '../../errors.js'
import { SqliteError } from './file/driver.js'

/** What was being done when SQLite refused: it decides which promise is at stake. */
export type Doing = 'open' | 'read' | 'write'

const HINTS: readonly (readonly [prefix: string, hint: string])[] = [
  ['SQLITE_FULL', 'The disk is full: free some space'],
  ['SQLITE_BUSY', 'Another connection kept the database locked'],
  ['SQLITE_CANTOPEN', 'Check that the directory exists and that this process may read and write it'],
  ['SQLITE_READONLY', 'This process may not write the file or its directory'],
  ['SQLITE_IOERR', 'The disk reported an error, or is full'],
  ['SQLITE_PERM', 'Check the permissions of the file and its directory'],
]

/** Turns whatever a connection threw into a {@link RevocadeError}; one that is it already passes through. */
export function toRevocadeError(cause: unknown, doing: Doing, path: string): RevocadeError {
  if (cause instanceof RevocadeError) return cause
  const code = cause instanceof SqliteError ? cause.code : ''
  const message = messageOf(cause)
  const unlikeSchema = doing === 'open' && code === 'SQLITE_ERROR' // a statement that fits no longer: no such column …
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB' || unlikeSchema) {
    const is = code === 'SQLITE_NOTADB' ? 'no SQLite database' : 'damaged'
    return new RevocadeError(
      'ERR_STORE_CORRUPT',
      `The store ${path} is ${is} (${message}). Restore it from a backup; it is left as it was.`,
      { cause },
    )
  }
  const hint = HINTS.find(([prefix]) => code.startsWith(prefix))?.[1]
  const why = `${message}${code === '' ? '' : ` [${code}]`}${hint === undefined ? '' : `. ${hint}`}`
  if (doing === 'write') {
    return new RevocadeError(
      'ERR_NOT_DURABLE',
      `Nothing was acknowledged: the store ${path} could not commit: ${why}.`,
      { cause },
    )
  }
  const verb = doing === 'open' ? 'opened' : 'read'
  return new RevocadeError('ERR_STORE_UNAVAILABLE', `The store ${path} can't be ${verb}: ${why}.`, { cause })
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown error')

/** An error as it crosses from a worker thread: structured cloning would keep neither its class nor its code. */
export interface PackedError {
  readonly code: RevocadeErrorCode
  readonly message: string
  readonly cause: { readonly code: string; readonly message: string } | undefined
}

export function packError(error: RevocadeError): PackedError {
  const { cause } = error
  return {
    code: error.code,
    message: error.message,
    cause:
      cause === undefined
        ? undefined
        : {
            code: cause instanceof SqliteError ? cause.code : '',
            message: messageOf(cause),
          },
  }
}

export function unpackError({ code, message, cause }: PackedError): RevocadeError {
  if (cause === undefined) return new RevocadeError(code, message)
  return new RevocadeError(code, message, {
    cause: cause.code === '' ? new Error(cause.message) : new SqliteError(cause.message, cause.code),
  })
}
