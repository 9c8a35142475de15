import { decodeVersion, encodeVersion } from '../../buckets/version-table.js'
import type { BucketRead, BucketSource } from '../../ports/bucket-source.js'
import { isPromise } from '../../ports/is-promise.js'
import type { RedisCommands } from '../connection/commands.js'
import { encodeField, fieldOfBytes, type Keys } from './keys.js'

/** Attempts of one write. After that the bucket goes back to the queue. */
const MAX_ATTEMPTS = 5
/** Seconds a key is kept after its last entry expires; also the lifetime of an empty bucket. */
const KEY_GRACE_SECONDS = 3600
/**
 * A bucket may have this many times the rows of the store, plus SPARE_FIELDS, before its expired fields are
 * removed.
 */
const FIELDS_PER_ROW = 1.25
const SPARE_FIELDS = 16

/** The version that a bucket in Redis is expected to have: the operand of the compare-and-set. */
export interface ExpectedVersion {
  /** {@link NO_VERSION} for no key; undefined if nothing is known. */
  readonly version: Buffer | undefined
  /** True: it was read from Redis. False: it is an assumption. */
  readonly observed: boolean
}

/** In place of a version: there is no key. */
export const NO_VERSION = Buffer.alloc(0)

/** `rows`: of the bucket in the store. */
export type WriteResult =
  | { readonly kind: 'written'; readonly rows: number }
  /** Other engines write the bucket at the same time: try again from there. */
  | { readonly kind: 'conflict'; readonly expected: ExpectedVersion; readonly rows: number }
  /** The bucket was split, or is too large to be read whole: drop the write. */
  | { readonly kind: 'layout-changed' }
  | { readonly kind: 'too-large'; readonly rows: number }

/** What the bucket script has done. */
type ScriptReply =
  | { readonly kind: 'written' }
  /** Redis has another version: nothing was done. */
  | { readonly kind: 'conflict'; readonly found: Buffer }
  /** Written, but the bucket holds expired fields: only a whole write removes them. */
  | { readonly kind: 'needs-rewrite' }

interface Attempt {
  readonly expected: ExpectedVersion
  /** Write the bucket whole, even if its changes since `expected` are known. */
  readonly whole: boolean
}

/** What a {@link BucketWriter} reads from and writes to. */
export interface BucketWriterDeps {
  readonly commands: Pick<RedisCommands, 'runBucketScript'>
  readonly source: BucketSource
  readonly keys: Keys
  readonly clock: { now(): number }
  /** The store has another number of buckets than was assumed: the versions must be loaded again. */
  readonly onLayoutChanged: () => void
}

/**
 * Writes one bucket: from one snapshot of the store, by compare-and-set on the version in Redis. A write is
 * idempotent, and any engine may do it for any other.
 *
 * ```
 *            ┌────────────────────── next attempt ◄──────────────────────┐
 *            ▼                                                           │
 *   read the store ──► run the script ──┬─► conflict: from the version found
 *     │        │                        ├─► needs-rewrite: write it whole ─┘
 *     │        └─► it is current ──┐    └─► written
 *     └─► layout-changed           └──────► written
 *         too-large
 * ```
 *
 * After a conflict the store is read again. That snapshot is at least as new as any version that the store's
 * own history can have put into Redis. If the versions still differ, the one in Redis is older or belongs to
 * a discarded history, and is overwritten.
 */
export class BucketWriter {
  conflicts = 0
  readonly #deps: BucketWriterDeps

  constructor(deps: BucketWriterDeps) {
    this.#deps = deps
  }

  /**
   * Brings a bucket up to date. Rejects if Redis or the store can't be asked.
   *
   * @param background - nobody waits for the write: the store may read the bucket off the event loop
   */
  async bringUpToDate(
    bucket: number,
    bits: number,
    expected: ExpectedVersion,
    background: boolean,
  ): Promise<WriteResult> {
    let attempt: Attempt = { expected, whole: false }
    let rows = 0
    for (let i = 0; i < MAX_ATTEMPTS; i++) {
      const from = attempt.expected.version ?? NO_VERSION
      const reply = this.#deps.source.read(
        bucket,
        bits,
        attempt.whole ? undefined : decodeVersion(from),
        background,
      )
      const read = isPromise(reply) ? await reply : reply
      if (read.status === 'layout-changed') {
        this.#deps.onLayoutChanged()
        return { kind: 'layout-changed' }
      }
      rows = read.rows
      if (read.status === 'too-large') return { kind: 'too-large', rows }
      const version = encodeVersion(read.version)
      if (attempt.expected.observed && version.equals(from)) return { kind: 'written', rows }
      const result = await this.#runScript(bucket, bits, read, { from, to: version })
      if (result.kind === 'written') return { kind: 'written', rows }
      if (result.kind === 'conflict') this.conflicts++
      attempt = nextAttempt(result, version)
    }
    return { kind: 'conflict', expected: attempt.expected, rows }
  }

  async #runScript(
    bucket: number,
    bits: number,
    read: Extract<BucketRead, { status: 'ok' }>,
    change: { readonly from: Buffer; readonly to: Buffer },
  ): Promise<ScriptReply> {
    const { commands, keys, clock } = this.#deps
    const args = scriptArguments(read, change, clock.now() / 1000)
    return decodeReply(await commands.runBucketScript(keys.bucket(bucket, bits), args))
  }
}

function nextAttempt(result: Exclude<ScriptReply, { kind: 'written' }>, written: Buffer): Attempt {
  return result.kind === 'conflict'
    ? { expected: { version: result.found, observed: true }, whole: false }
    : { expected: { version: written, observed: false }, whole: true }
}

/** The reply's codes are those of the script's comment. */
function decodeReply(reply: unknown): ScriptReply {
  const [first, found] = Array.isArray(reply) ? (reply as unknown[]) : []
  const code = Number(first) // text, if the client has the option stringNumbers
  if (code === 1) return { kind: 'written' }
  if (code === 2) return { kind: 'needs-rewrite' }
  return { kind: 'conflict', found: Buffer.isBuffer(found) ? found : NO_VERSION }
}

/** ARGV of the bucket script. */
function scriptArguments(
  read: Extract<BucketRead, { status: 'ok' }>,
  change: { readonly from: Buffer; readonly to: Buffer },
  nowSeconds: number,
): (string | number | Buffer)[] {
  const removed: Buffer[] = []
  const set: Buffer[] = []
  let expiresAt = nowSeconds
  for (const entry of read.entries) {
    const field = fieldOfBytes(entry.digest)
    if (!entry.revoked) {
      removed.push(field)
      continue
    }
    set.push(field, encodeField(entry))
    expiresAt = Math.max(expiresAt, entry.expiresAt)
  }
  const ttlMs = Math.ceil((expiresAt - nowSeconds + KEY_GRACE_SECONDS) * 1000)
  const maxFields = Math.ceil(read.rows * FIELDS_PER_ROW) + SPARE_FIELDS
  return [change.from, change.to, ttlMs, read.whole ? 1 : 0, maxFields, removed.length, ...removed, ...set]
}
