import { channel } from 'node:diagnostics_channel'
import type { Revocade } from './api.js'
import type { DecidedBy, VerdictStatus } from './engine/verdict.js'
import { RevocadeError } from './errors.js'
import type { BulkReceipt, Receipt } from './receipt.js'

/** What messages of all channels have. None holds a token, a claim, a reason or an actor. */
interface Message {
  /** The engine that publishes. */
  readonly engine: Revocade
  /** When the call began, by `performance.now()`: milliseconds. */
  readonly startedMs: number
  readonly durationMs: number
}

/**
 * A message of the channel `revocade:check`: a check that the prefilter could not decide. What it decides is
 * counted in `stats().decided.prefilter` and publishes nothing, so that it costs nothing.
 */
export interface CheckMessage extends Message {
  /** The answer, after the option `onUnknown`. */
  readonly status: VerdictStatus
  readonly decidedBy: DecidedBy
}

/** The calls that write. */
export type WriteOperation = 'revoke' | 'revokeWhere' | 'revokeMany' | 'unrevoke' | 'unrevokeWhere'

/** A message of the channels `revocade:revoke` and `revocade:unrevoke`: a call that ended. */
export interface WriteMessage extends Message {
  readonly operation: WriteOperation
  /** That of the receipt; `written` of `revokeMany`; `failed`, with the field `code`. */
  readonly outcome: Receipt['outcome'] | 'written' | 'failed'
  /** The code of a `RevocadeError`, or `ERR_OTHER`. */
  readonly code?: string
  /** Sequence number of the last change; 0 when nothing was written. */
  readonly seq: number
  /** Number of changes written. */
  readonly count: number
}

const CHECK = channel('revocade:check')
const REVOKE = channel('revocade:revoke')
const UNREVOKE = channel('revocade:unrevoke')

/** The time of a check that begins, in milliseconds; 0 where nobody listens, without reading a clock. */
export const checkBegins = (): number => (CHECK.hasSubscribers ? performance.now() : 0)

/** Publishes the answer to a check that began at `startedMs`, if anybody listened then. */
export function checkEnds(
  engine: Revocade | undefined,
  startedMs: number,
  status: VerdictStatus,
  decidedBy: DecidedBy,
): void {
  if (engine === undefined || startedMs === 0) return
  const message: CheckMessage = {
    engine,
    startedMs,
    durationMs: performance.now() - startedMs,
    status,
    decidedBy,
  }
  CHECK.publish(message)
}

/** Does a write, and publishes what became of it if anybody listens. */
export function published<T extends Receipt | BulkReceipt>(
  engine: Revocade,
  operation: WriteOperation,
  write: () => Promise<T>,
): Promise<T> {
  const to = operation.startsWith('un') ? UNREVOKE : REVOKE
  if (!to.hasSubscribers) return write()
  const startedMs = performance.now()
  return observed(write, (ended) => {
    const durationMs = performance.now() - startedMs
    const message: WriteMessage = { engine, operation, startedMs, durationMs, ...ended }
    to.publish(message)
  })
}

type Ended = Pick<WriteMessage, 'outcome' | 'seq' | 'count' | 'code'>

async function observed<T extends Receipt | BulkReceipt>(
  write: () => Promise<T>,
  publish: (ended: Ended) => void,
): Promise<T> {
  let receipt: T
  try {
    receipt = await write()
  } catch (error) {
    const code = error instanceof RevocadeError ? error.code : 'ERR_OTHER'
    publish({ outcome: 'failed', code, seq: 0, count: 0 })
    throw error
  }
  const { seq } = receipt
  if ('count' in receipt) publish({ outcome: 'written', seq, count: receipt.count })
  else publish({ outcome: receipt.outcome, seq, count: seq === 0 ? 0 : 1 })
  return receipt
}
