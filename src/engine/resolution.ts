import type { UnknownPolicy } from '../api.js'
import { RevocadeError } from '../errors.js'
import type { DecidingRow, StoredRow } from '../ports/index.js'
import {
  ACTIVE_BY_CACHE,
  ACTIVE_BY_REDIS,
  ACTIVE_BY_STORE,
  type Revocation,
  toRevocation,
  type Verdict,
} from './verdict.js'

/** Where an exact answer came from. */
type Layer = 'cache' | 'redis' | 'store'

/** What the exact lookup says of one digest of a token. */
export type Resolution =
  | { readonly status: 'revoked'; readonly verdict: Verdict }
  | { readonly status: 'not-revoked'; readonly by: Layer; readonly pending?: Revocation }
  | { readonly status: 'failed'; readonly failure: unknown }

const DISTANCE: Readonly<Record<Layer, number>> = { cache: 0, redis: 1, store: 2 }
const ACTIVE_BY = { cache: ACTIVE_BY_CACHE, redis: ACTIVE_BY_REDIS, store: ACTIVE_BY_STORE }

/** The resolution of a lookup that found a row which revokes the token; of that perhaps only what decides. */
export function revokedBy(row: StoredRow | DecidingRow, decidedBy: Layer): Resolution {
  if (!('target' in row)) {
    const reason = "the store can't be asked, and the verdict cache holds the revocation"
    return { status: 'revoked', verdict: { status: 'revoked', decidedBy, reason } }
  }
  const reason = row.reason === undefined ? {} : { reason: row.reason }
  const revocation = toRevocation(row)
  return { status: 'revoked', verdict: { status: 'revoked', decidedBy, revocation, ...reason } }
}

/** The resolution of a lookup that found an entry in Redis which revokes the token. */
export function revokedByRedis(): Resolution {
  const reason = "the store can't be asked, and Redis holds the revocation"
  return { status: 'revoked', verdict: { status: 'revoked', decidedBy: 'redis', reason } }
}

/**
 * The resolution of a lookup that failed: it leaves the token unknown.
 *
 * @throws the failure itself if the caller caused it, with a closed engine or a bad token
 */
export function failed(failure: unknown): Resolution {
  const code = failure instanceof RevocadeError ? failure.code : undefined
  if (code === 'ERR_CLOSED' || code === 'ERR_INVALID_TOKEN') throw failure
  return { status: 'failed', failure }
}

/**
 * The resolution of a row that does not revoke the token at this moment, and may have a later start.
 *
 * @param now - milliseconds
 * @param revokesAt - whether it revokes the token at a later moment
 */
export function notRevokedYet(
  by: Layer,
  row: StoredRow | DecidingRow,
  now: number,
  revokesAt: (ms: number) => boolean,
): Resolution {
  const { notBefore = now } = row
  const isPending = 'target' in row && notBefore > now && revokesAt(notBefore)
  return { status: 'not-revoked', by, ...(isPending ? { pending: toRevocation(row) } : {}) }
}

/**
 * The verdict on a token. A revoked digest decides. Without one, a failed lookup leaves the token unknown.
 * Otherwise it is active, by the farthest layer that was asked.
 */
export function decide(resolutions: readonly Resolution[], onUnknown: UnknownPolicy): Verdict {
  let failedLookup: { readonly failure: unknown } | undefined
  const pending: Revocation[] = []
  let by: Layer = resolutions.length === 0 ? 'store' : 'cache'
  for (const resolution of resolutions) {
    if (resolution.status === 'revoked') return resolution.verdict
    if (resolution.status === 'failed') {
      failedLookup = resolution
      continue
    }
    if (resolution.pending !== undefined) pending.push(resolution.pending)
    if (DISTANCE[resolution.by] > DISTANCE[by]) by = resolution.by
  }
  if (failedLookup !== undefined) return unknown(failedLookup.failure, onUnknown)
  const next = pending.toSorted((one, other) => Number(one.notBefore) - Number(other.notBefore)).at(0)
  return next === undefined ? ACTIVE_BY[by] : { ...ACTIVE_BY[by], pending: next }
}

function unknown(failure: unknown, onUnknown: UnknownPolicy): Verdict {
  const reason = failure instanceof Error ? failure.message : String(failure)
  return { status: onUnknown === 'throw' ? 'unknown' : onUnknown, decidedBy: 'policy', reason }
}

/**
 * The answer that a verdict gives to "is it revoked?".
 *
 * @throws {RevocadeError} ERR_UNAVAILABLE when it is unknown
 */
export function isRevokedVerdict({ status, reason = 'no reason given' }: Verdict): boolean {
  if (status !== 'unknown') return status === 'revoked'
  throw new RevocadeError(
    'ERR_UNAVAILABLE',
    `can't tell whether the token is revoked (${reason}): refuse it for now and ask again`,
  )
}
