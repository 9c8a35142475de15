import { isNativeError } from 'node:util/types'
import { RevocadeError } from '../../errors.js'
import type { ScriptFailure } from './scripts/prelude.js'

/** What the store was doing when it failed; this decides the error code. */
export type RedisOperation = 'open' | 'read' | 'write'

const RIGHTS = "give this user the rights of docs/redis-store.md: 'Rights'"
const UNKNOWN_AUTHORITY =
  'the authority of its certificate is not known: name the file in NODE_EXTRA_CA_CERTS, or give tls.ca'

/** What a failure of a script means, and what to do. */
const FAILURES: Readonly<Record<ScriptFailure, string>> = {
  GONE:
    'it is not there: the server was emptied, or is another one. Bring back its append-only file, or ' +
    'restart the engines to begin with an empty store',
  OTHER: 'another store is in its place, or an older state of it was restored: restart the engine',
  REPLICA: 'the server is a replica, which may lack revocations: connect to the master',
  EVICTS: 'maxmemory-policy lets the server drop any key: set maxmemory-policy noeviction',
  NOAOF: 'the server keeps no append-only file, so a restart would lose everything: set appendonly yes',
  DAMAGED:
    'a part of it is missing, because keys were evicted or deleted: bring back its append-only file, or ' +
    'delete the rest of its keys to begin with an empty store',
  LATE: 'the commit came after its deadline, and the server refused it: try again',
  RIGHTS,
  FULL: 'it has 65,535 namespaces, the most that a Redis store can have',
}

/** What to do about the first word of an error of the server, or about a code of the system. */
const HINTS: Readonly<Record<string, string>> = {
  READONLY: FAILURES.REPLICA,
  OOM: 'the server has no memory left: raise maxmemory',
  MISCONF: 'the server can not write to its disk: see its log',
  NOREPLICAS: 'the server has fewer replicas than min-replicas-to-write: see its log',
  LOADING: 'the server is loading its data: try again',
  CLUSTERDOWN: 'the cluster lacks a node: try again',
  NOAUTH: 'the server wants a password: put it into the URL',
  WRONGPASS: 'check the user and the password of the URL',
  NOPERM: RIGHTS,
  WRONGTYPE: 'keys of these names are of another application: choose another prefix (?prefix=…)',
  ECONNREFUSED: 'no server listens there: check the host and the port, or start it',
  ENOTFOUND: 'the name of the host is not known: check it',
  ETIMEDOUT: 'nothing answered there: check the host, the port, and for rediss:// that the server has TLS',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
}

/** The failure that a script reported. Redis puts words around it, which differ between versions. */
export function failureOf(error: unknown): ScriptFailure | undefined {
  const code = isNativeError(error) ? /\bRV-([A-Z]+)/.exec(error.message)?.[1] : undefined
  return code !== undefined && Object.hasOwn(FAILURES, code) ? (code as ScriptFailure) : undefined
}

/** The first word of an error of the server, or a code of the system; '' if there is none. */
export function codeOf(error: unknown): string {
  if (!isNativeError(error)) return ''
  if ('code' in error && typeof error.code === 'string') return error.code
  return (
    /\b(READONLY|OOM|MISCONF|NOREPLICAS|LOADING|CLUSTERDOWN|NO(?:AUTH|PERM)|WRONG(?:PASS|TYPE))\b/.exec(
      error.message,
    )?.[1] ?? ''
  )
}

/** Whether an error is an answer of the server: then nothing of the batch was done. */
export const isAnswer = (error: unknown): boolean => isNativeError(error) && error.name === 'ReplyError'

/** Whether the same command may succeed in a moment, perhaps on another server. */
export const isTransient = (error: unknown): boolean =>
  !(error instanceof RevocadeError) &&
  (!isAnswer(error) ||
    failureOf(error) === 'REPLICA' ||
    /\b(?:LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY|BUSY)\b/.test(String(error)))

/** Whether the connection leads to a server that is not the master, or no longer. */
export const leadsToReplica = (error: unknown): boolean =>
  failureOf(error) === 'REPLICA' || codeOf(error) === 'READONLY'

/** A command was not sent, because there is no connection. */
export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError'
}

/** A command had no answer within its time. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'

  constructor(ms: number) {
    super(`no answer within ${ms} ms`)
  }
}

/** Turns anything that a connection threw into a {@link RevocadeError}, unless it is one already. */
export function toRevocadeError(cause: unknown, operation: RedisOperation): RevocadeError {
  if (cause instanceof RevocadeError) return cause
  const why = describe(cause)
  if (operation === 'write')
    return new RevocadeError(
      'ERR_NOT_DURABLE',
      `nothing was acknowledged: the Redis store could not commit: ${why}`,
      { cause },
    )
  const code = failureOf(cause) === 'DAMAGED' ? 'ERR_STORE_CORRUPT' : 'ERR_STORE_UNAVAILABLE'
  const mismatch = codeOf(cause) === 'WRONGTYPE' ? 'ERR_STORE_MISMATCH' : code
  const verb = operation === 'open' ? 'opened' : 'read'
  return new RevocadeError(mismatch, `the Redis store can't be ${verb}: ${why}`, { cause })
}

/** What happened, and what to do about it. */
export function describe(cause: unknown): string {
  const failure = failureOf(cause)
  if (failure !== undefined) return FAILURES[failure]
  const message = messageOf(cause)
  const hint = HINTS[codeOf(cause)]
  return hint === undefined ? message : `${message}; ${hint}`
}

/** In our words where those of ioredis are about its own options. */
function messageOf(cause: unknown): string {
  if (!isNativeError(cause)) return String(cause)
  if (cause.name === 'MaxRetriesPerRequestError' || cause.message === 'Connection is closed.')
    return 'the connection was lost'
  return cause.message || 'the connection failed'
}
