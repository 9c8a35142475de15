import { randomBytes } from 'node:crypto'
import { bucketOf, MAX_BUCKET_BITS } from '../buckets/layout.js'
import { RevocadeError } from '../errors.js'
import type {
  BucketVersion,
  Committed,
  Digest,
  Mutation,
  Position,
  StoredRow,
  StoreInfo,
  Written,
} from '../ports/index.js'
import { changedRow, isCovered, requireTimes } from './memory-rows.js'
import { SessionData } from './memory-sessions.js'

/** Earlier versions remembered for each bucket. From any of them, a reader gets only the later changes. */
const EARLIER_TAGS = 7

/** A row and its digest. */
export interface Entry {
  readonly digest: Digest
  readonly row: StoredRow
}

/** The version of a bucket, and the tags of the versions before it. */
export interface RecentVersion extends BucketVersion {
  readonly earlier: readonly Uint8Array[]
}

/** What one namespace holds. */
export class NamespaceData {
  /** By digest in hexadecimal. A changed entry moves to the end, so the order is that of `seq`. */
  readonly entries = new Map<string, Entry>()
  /** By number. */
  versions = new Map<number, RecentVersion>()
  /** There are 2^bits buckets. */
  bits = 0
  readonly sessions = new SessionData()

  find(digest: Digest): StoredRow | undefined {
    return this.entries.get(idOf(digest))?.row
  }

  put(digest: Digest, row: StoredRow): void {
    const id = idOf(digest)
    this.entries.delete(id)
    this.entries.set(id, { digest, row })
  }

  version(bucket: number): RecentVersion {
    return this.versions.get(bucket) ?? { bucket, seq: 0, tag: new Uint8Array(8), earlier: [] }
  }

  moveVersion(digest: Digest, seq: number, tag: Uint8Array): void {
    const { bucket, tag: before, earlier } = this.version(bucketOf(digest, this.bits))
    const known = before === tag ? earlier : [before, ...earlier].slice(0, EARLIER_TAGS)
    this.versions.set(bucket, { bucket, seq, tag, earlier: known })
  }

  copy(): NamespaceData {
    const copy = new NamespaceData()
    copy.restore(this)
    return copy
  }

  /** Takes the content of another one. */
  restore({ entries, versions, bits, sessions }: NamespaceData): void {
    this.entries.clear()
    for (const [id, entry] of entries) this.entries.set(id, entry)
    this.versions = new Map(versions)
    this.bits = bits
    this.sessions.restore(sessions)
  }

  /** Each part inherits the version of its bucket. */
  split(bits: number): void {
    const further = Math.min(bits, MAX_BUCKET_BITS) - this.bits
    if (further <= 0) return
    const parts = 2 ** further
    const versions = [...this.versions.values()].flatMap((version) =>
      Array.from({ length: parts }, (_, part) => ({ ...version, bucket: version.bucket * parts + part })),
    )
    this.versions = new Map(versions.map((version) => [version.bucket, version]))
    this.bits += further
  }
}

/** What all stores on one place in memory share. */
export class MemoryData {
  readonly id = randomBytes(12).toString('base64url')
  /** The stores that have it open, each with whether it is the only owner. */
  readonly users = new Map<object, boolean>()
  /** The position after each commit, oldest first. Each commit has an epoch of its own. */
  commits: Position[] = []
  /** The largest clock tolerance that a store on this data was opened with. */
  toleranceSeconds = 0
  #key: { readonly bytes: Uint8Array; readonly configured: boolean } | undefined
  readonly #namespaces = new Map<string, NamespaceData>()

  /**
   * The first opening decides the digest key.
   *
   * @throws {RevocadeError} ERR_STORE_MISMATCH when the secret is not that of the first opening.
   */
  identify(secret: Uint8Array | undefined): StoreInfo {
    const key = (this.#key ??= {
      bytes: Uint8Array.from(secret ?? randomBytes(16)),
      configured: secret !== undefined,
    })
    const fits = secret === undefined ? !key.configured : Buffer.compare(key.bytes, secret) === 0
    if (!fits) {
      throw new RevocadeError(
        'ERR_STORE_MISMATCH',
        'this store in memory was made with another `secret`: configure the one it was made with',
      )
    }
    return { id: this.id, key: Uint8Array.from(key.bytes) }
  }

  /** The newest change; the epoch is '' before the first. */
  get head(): Position {
    return this.commits.at(-1) ?? { seq: 0, epoch: '' }
  }

  /** Whether the history contains a position: the commit that made its last change has its epoch. */
  contains({ seq, epoch }: Position): boolean {
    return seq === 0 || this.commits[this.#indexOf(seq)]?.epoch === epoch
  }

  /** The position of a change. */
  positionOf(seq: number): Position {
    return { seq, epoch: this.commits[this.#indexOf(seq)]?.epoch ?? '' }
  }

  /** The data as it is now. The returned function has it so again, whatever was committed since. */
  backup(): () => void {
    const commits = [...this.commits]
    const namespaces = new Map([...this.#namespaces].map(([name, data]) => [name, data.copy()]))
    return () => {
      this.commits = [...commits]
      for (const [name, data] of this.#namespaces) data.restore(namespaces.get(name) ?? new NamespaceData())
    }
  }

  /** The first commit that is not before a change. */
  #indexOf(seq: number): number {
    let [from, to] = [0, this.commits.length]
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((this.commits[middle]?.seq ?? 0) < seq) from = middle + 1
      else to = middle
    }
    return from
  }

  namespace(name: string): NamespaceData {
    const known = this.#namespaces.get(name) ?? new NamespaceData()
    this.#namespaces.set(name, known)
    return known
  }

  /** Applies all mutations, in order. */
  commit(namespace: NamespaceData, mutations: readonly Mutation[]): Committed {
    for (const mutation of mutations) requireTimes(mutation)
    const tag = new Uint8Array(randomBytes(8))
    const epoch = Buffer.from(tag).toString('base64url')
    const { bits } = namespace
    const before = this.head
    let { seq } = before
    const written = mutations.map((mutation): Written => {
      const digest = wordsOf(mutation.digest)
      const old = namespace.find(digest)
      const row = changedRow(old, mutation, this.toleranceSeconds)
      if (row === undefined) return { seq: 0, expiresAt: 0, already: false }
      seq++
      namespace.put(digest, { ...row, seq })
      namespace.moveVersion(digest, seq, tag)
      const already = isCovered(old, mutation, this.toleranceSeconds)
      const { expiresAt, notBefore } = row
      return { seq, expiresAt, already, ...(notBefore === undefined ? {} : { notBefore }) }
    })
    if (seq > before.seq) this.commits.push({ seq, epoch })
    return { epoch: this.head.epoch, previous: before.epoch, written, buckets: { bits, tag } }
  }
}

/** The 16 bytes of a digest in memory of their own. */
export const bytesOf = (digest: Digest): Uint8Array => new Uint8Array(digest.slice().buffer)

/** The words of a digest's 16 bytes. */
export const wordsOf = (bytes: Uint8Array): Digest => new Int32Array(Uint8Array.from(bytes).buffer)

const idOf = (digest: Digest): string => Buffer.from(digest.buffer, digest.byteOffset, 16).toString('hex')
