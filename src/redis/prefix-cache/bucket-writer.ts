import { decodeVersion, encodeVersion } from '../../buckets/version-table.js'
import type { BucketRead, BucketSource } from '../../ports/bucket-source.js'
import type { RedisCommands } from '../connection/commands.js'
import { encodeField, fieldOfBytes, type Keys } from './keys.js'

/** Compare-and-set is tried so often in a row. */
const ATTEMPTS = 5
/** A key outlives what is in it by so long, and lives no shorter where nothing is. */
const SPARE_SECONDS = 3600
/** More fields than the store has rows, by a quarter and these: then what has expired goes. */
const SPARE_FIELDS = 16

/** What is thought to be in Redis: seen there, or only presumed (`undefined`: no idea). An empty version: no key. */
export interface Belief {
  readonly version: Buffer | undefined
  readonly seen: boolean
}

/** What came of it. Not written and a belief: try again, from there. Neither: it makes no sense as it is. */
export interface Outcome {
  readonly written: boolean
  readonly belief?: Belief
  /** Rows of the bucket in the store, where it was read. */
  readonly rows?: number
}

export const NOTHING = Buffer.alloc(0)

export interface BucketWriterDeps {
  readonly commands: RedisCommands
  readonly source: BucketSource
  readonly keys: Keys
  readonly clock: { now(): number }
  /** Called where the store has divided its buckets: their versions must be loaded anew. */
  readonly onDivided: () => void
}

/**
 * Writes one bucket: from one snapshot of the store, by compare-and-set from the version that is in Redis. It is idempotent and
 * any engine may do it for any other.
 *
 * A conflict says what is there. The snapshot that is read after that is at least as new as anything that the store's own
 * history can have put there; so what still differs is behind, or of a history that is no more, and is overwritten.
 */
export class BucketWriter {
  conflicts = 0
  readonly #deps: BucketWriterDeps

  constructor(deps: BucketWriterDeps) {
    this.#deps = deps
  }

  /** Rejects where Redis or the store can't be asked. `background`: nobody waits for it. */
  async bringUpToDate(bucket: number, bits: number, from: Belief, background: boolean): Promise<Outcome> {
    const { source, keys, commands, onDivided } = this.#deps
    let belief = from
    let whole = false
    let rows: number | undefined
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { version: expected = NOTHING, seen } = belief
      const reply = source.read(bucket, bits, whole ? undefined : decodeVersion(expected), background)
      const read = reply instanceof Promise ? await reply : reply
      if (read.status === 'layout-changed') {
        onDivided()
        return { written: false }
      }
      rows = read.rows
      if (read.status === 'too-large') return { written: false, rows }
      const version = encodeVersion(read.version)
      if (seen && version.equals(expected)) return { written: true, rows }
      const answer = await commands.runBucketScript(
        keys.bucket(bucket, bits),
        this.#arguments(read, expected, version),
      )
      const [code, there] = Array.isArray(answer) ? (answer as unknown[]) : []
      if (code === 1) return { written: true, rows }
      whole = code === 2
      if (!whole) this.conflicts++
      belief = whole
        ? { version, seen: false }
        : { version: Buffer.isBuffer(there) ? there : NOTHING, seen: true }
    }
    return { written: false, belief, ...(rows === undefined ? {} : { rows }) }
  }

  /** See the script. */
  #arguments(
    read: Extract<BucketRead, { status: 'ok' }>,
    expected: Buffer,
    version: Buffer,
  ): (string | number | Buffer)[] {
    const now = this.#deps.clock.now() / 1000
    const removed: Buffer[] = []
    const set: Buffer[] = []
    let expiresAt = now
    for (const entry of read.entries) {
      const field = fieldOfBytes(entry.digest)
      if (!entry.revoked) {
        removed.push(field)
        continue
      }
      set.push(field, encodeField(entry))
      expiresAt = Math.max(expiresAt, entry.expiresAt)
    }
    const ttlMs = Math.ceil((expiresAt - now + SPARE_SECONDS) * 1000)
    const mostFields = Math.ceil(read.rows * 1.25) + SPARE_FIELDS
    return [expected, version, ttlMs, read.whole ? 1 : 0, mostFields, removed.length, ...removed, ...set]
  }
}
