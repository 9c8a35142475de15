import type { BucketSource, BucketVersion, BucketVersions } from '../ports/bucket-source.js'
import type { Committed, Digest, Position } from '../ports/index.js'
import { bucketOf } from './layout.js'

/** A version as L1 keeps it: the number in 6 bytes, most significant first, then the tag. */
export const VERSION_BYTES = 14
const SEQ_BYTES = 6

export function encodeVersion({ seq, tag }: Pick<BucketVersion, 'seq' | 'tag'>): Buffer {
  const bytes = Buffer.alloc(VERSION_BYTES)
  bytes.writeUIntBE(seq, 0, SEQ_BYTES)
  bytes.set(tag, SEQ_BYTES)
  return bytes
}

/** The reverse; undefined for what is no version. */
export function decodeVersion(bytes: Uint8Array): Pick<BucketVersion, 'seq' | 'tag'> | undefined {
  if (bytes.length !== VERSION_BYTES) return undefined
  return { seq: Buffer.from(bytes).readUIntBE(0, SEQ_BYTES), tag: bytes.subarray(SEQ_BYTES) }
}

/** In place of a version that is in doubt: no commit has this one. */
const UNCERTAIN = Buffer.alloc(VERSION_BYTES, 0xff)

/** The version of each bucket at some moment in a load or a note. */
interface Note extends Pick<BucketVersion, 'seq' | 'tag'> {
  readonly bits: number
  readonly bucket: number
}

/** Is told what happens to a {@link BucketVersionTable}. */
export interface VersionTableObserver {
  /** All versions were loaded. `position`: of the newest change in the snapshot that they come from. */
  versionsLoaded?(position: Position): void
  /** Somebody changed a bucket: a poll reported another version. */
  versionChanged?(bucket: number): void
}

/**
 * The versions of all buckets, at least as new as all that L0 has seen: what a bucket in L1 must bear for its
 * silence to count.
 *
 * They may be newer than L0, never older. So they are loaded after L0 has its position, noted from each poll
 * together with its changes, and from each own commit when it is acknowledged. That they are of the history
 * that the store has still, is for the next poll to find out (`seen`). Whatever does not fit (an older
 * number, one number with two tags, another number of buckets) is not explained away: it proves nothing from
 * then on, until all are loaded anew.
 */
export class BucketVersionTable {
  /** There are 2^bits buckets, as far as is known. */
  bits = 0
  readonly #source: BucketSource
  readonly #observers = new Set<VersionTableObserver>()
  /** {@link VERSION_BYTES} a bucket; undefined where nothing is known. */
  #table: Buffer | undefined
  #uncertain = false
  /** What was noted while a load is under way. */
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

  /** False: nothing, or not of all buckets. */
  get complete(): boolean {
    return this.#table !== undefined && !this.#uncertain
  }

  get isKnown(): boolean {
    return this.#table !== undefined
  }

  /** Nothing is known any more: the store's history is another one. */
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
    const { bits, versions, position } = reply instanceof Promise ? await reply : reply
    if (this.#arrivedDuringLoad !== meanwhile) return // forgotten, or loaded anew
    this.#arrivedDuringLoad = undefined
    this.bits = bits
    this.#table = Buffer.alloc(VERSION_BYTES * 2 ** bits)
    this.#uncertain = false
    for (const version of versions) this.#table.set(encodeVersion(version), version.bucket * VERSION_BYTES)
    for (const note of meanwhile) this.#note(note)
    for (const observer of this.#observers) observer.versionsLoaded?.(position)
  }

  /** The versions that came with changes from the store. */
  note({ bits, versions }: BucketVersions): void {
    if (bits !== this.bits) this.forget()
    for (const version of versions) {
      this.#note({ bits, ...version })
      for (const observer of this.#observers) observer.versionChanged?.(version.bucket)
    }
  }

  /** A change that this engine has committed. */
  noteCommit(digest: Digest, seq: number, { bits, tag }: NonNullable<Committed['buckets']>): void {
    this.#note({ bits, bucket: bucketOf(digest, bits), seq, tag })
  }

  /**
   * Whether what a bucket of L1 held, when it bore this version, is all that L0 has seen of it. It must be
   * asked in the same turn in which the answer is used.
   */
  isCurrent(bucket: number, bits: number, version: Uint8Array | null): boolean {
    if (this.#table === undefined || bits !== this.bits || version === null) return false
    return version.length === VERSION_BYTES && Buffer.compare(this.#at(this.#table, bucket), version) === 0
  }

  /** A copy of a bucket's version; undefined where it is not known. */
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
