import type { BucketSource, BucketVersion, BucketVersions } from '../ports/bucket-source.js'
import type { Committed, Digest, Position } from '../ports/index.js'
import { isPromise } from '../ports/is-promise.js'
import { bucketOf } from './layout.js'

/** Length of an encoded version: the sequence number in 6 bytes, big-endian, then the tag. */
export const VERSION_BYTES = 14
const SEQ_BYTES = 6

/** Encodes a version as the prefix cache keeps it. */
export function encodeVersion({ seq, tag }: Pick<BucketVersion, 'seq' | 'tag'>): Buffer {
  const bytes = Buffer.alloc(VERSION_BYTES)
  bytes.writeUIntBE(seq, 0, SEQ_BYTES)
  bytes.set(tag, SEQ_BYTES)
  return bytes
}

/** Decodes a version. @returns undefined when the bytes are not a version */
export function decodeVersion(bytes: Uint8Array): Pick<BucketVersion, 'seq' | 'tag'> | undefined {
  if (bytes.length !== VERSION_BYTES) return undefined
  return { seq: Buffer.from(bytes).readUIntBE(0, SEQ_BYTES), tag: bytes.subarray(SEQ_BYTES) }
}

/** Replaces a version that is in doubt. It equals the version of no commit. */
const UNCERTAIN = Buffer.alloc(VERSION_BYTES, 0xff)

/** A version that was noted for one of 2^bits buckets. */
interface Note extends Pick<BucketVersion, 'seq' | 'tag'> {
  readonly bits: number
  readonly bucket: number
}

/** What a {@link BucketVersionTable} calls. */
export interface VersionTableObserver {
  /** All versions were loaded. `position` is the newest change in their snapshot. */
  versionsLoaded?(position: Position): void
  /** A poll reported another version of a bucket. */
  versionChanged?(bucket: number): void
}

/**
 * The versions of all buckets. They are at least as new as every change that the prefilter has seen. When a
 * bucket in the prefix cache has the version in this table, a digest that it does not hold is not revoked.
 *
 * The versions may be newer than the prefilter, never older. They are therefore loaded after the prefilter
 * has its position, then noted from each poll together with its changes, and from each commit of this engine
 * when it is acknowledged. The next poll finds out, by its `seen`, whether the store still has that history.
 *
 * A version that does not fit (an older number, one number with two tags, another number of buckets) makes
 * the bucket uncertain: it proves nothing until all versions are loaded again.
 */
export class BucketVersionTable {
  /** The number of buckets is 2^bits, according to the last load or note. */
  bits = 0
  readonly #source: BucketSource
  readonly #observers = new Set<VersionTableObserver>()
  /** {@link VERSION_BYTES} a bucket; undefined where nothing is known. */
  #table: Buffer | undefined
  #uncertain = false
  /** Versions noted during a load; undefined when no load is under way. */
  #arrivedDuringLoad: Note[] | undefined

  constructor(source: BucketSource) {
    this.#source = source
  }

  observe(observer: VersionTableObserver): void {
    this.#observers.add(observer)
  }

  unobserve(observer: VersionTableObserver): void {
    this.#observers.delete(observer)
  }

  /** Whether the version of every bucket is known. */
  get complete(): boolean {
    return this.#table !== undefined && !this.#uncertain
  }

  get isKnown(): boolean {
    return this.#table !== undefined
  }

  /** Forgets all versions, because the store's history is another one. */
  forget(): void {
    this.#table = undefined
    this.#arrivedDuringLoad = undefined
  }

  /**
   * Reads all versions from the store. Only what was committed before it was called is sure to be in them.
   */
  async load(): Promise<void> {
    this.forget()
    const meanwhile: Note[] = []
    this.#arrivedDuringLoad = meanwhile
    const reply = this.#source.versions()
    const { bits, versions, position } = isPromise(reply) ? await reply : reply
    if (this.#arrivedDuringLoad !== meanwhile) return // forget() or another load() came in between
    this.#arrivedDuringLoad = undefined
    this.bits = bits
    this.#table = Buffer.alloc(VERSION_BYTES * 2 ** bits)
    this.#uncertain = false
    for (const version of versions) this.#table.set(encodeVersion(version), version.bucket * VERSION_BYTES)
    for (const note of meanwhile) this.#note(note)
    for (const observer of this.#observers) observer.versionsLoaded?.(position)
  }

  /** Notes the versions that a poll reported with its changes. */
  note({ bits, versions }: BucketVersions): void {
    if (bits !== this.bits) this.forget()
    for (const version of versions) {
      this.#note({ bits, ...version })
      for (const observer of this.#observers) observer.versionChanged?.(version.bucket)
    }
  }

  /** Notes a change that this engine has committed. */
  noteCommit(digest: Digest, seq: number, { bits, tag }: NonNullable<Committed['buckets']>): void {
    this.#note({ bits, bucket: bucketOf(digest, bits), seq, tag })
  }

  /**
   * Whether a bucket of the prefix cache that has this version holds every change that the prefilter has
   * seen. Use the answer in the same turn of the event loop: a later commit invalidates it.
   */
  isCurrent(bucket: number, bits: number, version: Uint8Array | null): boolean {
    if (this.#table === undefined || bits !== this.bits || version === null) return false
    return version.length === VERSION_BYTES && Buffer.compare(this.#at(this.#table, bucket), version) === 0
  }

  /** Returns a copy of a bucket's version; undefined when it is not known. */
  of(bucket: number): Buffer | undefined {
    if (this.#table === undefined) return undefined
    const version = this.#at(this.#table, bucket)
    return version.equals(UNCERTAIN) ? undefined : Buffer.from(version)
  }

  #note(note: Note): void {
    this.#arrivedDuringLoad?.push(note)
    if (this.#table === undefined) return
    if (note.bits !== this.bits) {
      this.forget()
      return
    }
    const known = this.#at(this.#table, note.bucket)
    const version = encodeVersion(note)
    if (known.equals(version)) return
    if (note.seq > known.readUIntBE(0, SEQ_BYTES)) {
      known.set(version)
    } else {
      known.set(UNCERTAIN)
      this.#uncertain = true
    }
  }

  #at(table: Buffer, bucket: number): Buffer {
    return table.subarray(bucket * VERSION_BYTES, (bucket + 1) * VERSION_BYTES)
  }
}
