import { randomBytes } from 'node:crypto'
import { bucketOf, MAX_BUCKET_BITS } from '../buckets/layout.js'
import { RevocadeError } from '../errors.js'
import type {
  BucketVersion,
  Committed,
  Digest,
  Mutation,
  StoredRow,
  StoreInfo,
  Written,
} from '../ports/index.js'

/** Earlier versions remembered for each bucket. From any of them, a reader gets only the later changes. */
const EARLIER_TAGS = 7

type Revoke = Extract<Mutation, { op: 'revoke' }>

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
  /** The newest change; the epoch is '' before the first. History is never undone, so one epoch is enough. */
  head = { seq: 0, epoch: '' }
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

  namespace(name: string): NamespaceData {
    const known = this.#namespaces.get(name) ?? new NamespaceData()
    this.#namespaces.set(name, known)
    return known
  }

  /** Applies all mutations, in order. */
  commit(namespace: NamespaceData, mutations: readonly Mutation[]): Committed {
    for (const mutation of mutations) requireTimes(mutation)
    const tag = new Uint8Array(randomBytes(8))
    const { bits } = namespace
    const written = mutations.map((mutation): Written => {
      const digest = wordsOf(mutation.digest)
      const old = namespace.find(digest)
      const row = changedRow(old, mutation, this.toleranceSeconds)
      if (row === undefined) return { seq: 0, expiresAt: 0, already: false }
      const epoch = this.head.epoch === '' ? randomBytes(9).toString('base64url') : this.head.epoch
      this.head = { seq: this.head.seq + 1, epoch }
      namespace.put(digest, { ...row, seq: this.head.seq })
      namespace.moveVersion(digest, this.head.seq, tag)
      const already = isCovered(old, mutation, this.toleranceSeconds)
      const { expiresAt, notBefore } = row
      return { seq: this.head.seq, expiresAt, already, ...(notBefore === undefined ? {} : { notBefore }) }
    })
    return { epoch: this.head.epoch, written, buckets: { bits, tag } }
  }
}

/** The row after a mutation, but for its number; undefined if the mutation changes nothing. */
function changedRow(
  old: StoredRow | undefined,
  mutation: Mutation,
  toleranceSeconds: number,
): Omit<StoredRow, 'seq'> | undefined {
  const live = isLive(old, mutation.revokedAt, toleranceSeconds)
  if (mutation.op === 'unrevoke') {
    return live ? { ...old, revoked: false, revokedAt: mutation.revokedAt } : undefined
  }
  return live ? widened(old, mutation) : { ...withoutAbsent(mutation), revoked: true }
}

/** Whether a row is a revocation that checks honour at a time in milliseconds. */
const isLive = (row: StoredRow | undefined, at: number, toleranceSeconds: number): row is StoredRow =>
  row?.revoked === true && (row.expiresAt + toleranceSeconds) * 1000 > at

/** Whether a live row already revokes what the mutation revokes; see {@link Written}. */
const isCovered = (old: StoredRow | undefined, mutation: Mutation, toleranceSeconds: number): boolean =>
  mutation.op === 'revoke' &&
  isLive(old, mutation.revokedAt, toleranceSeconds) &&
  cutoff(old) >= cutoff(mutation) &&
  // It would still be revoked later only, and now it is revoked at once.
  !((old.notBefore ?? 0) > mutation.revokedAt && (mutation.notBefore ?? 0) <= mutation.revokedAt)

/** A selector without cutoff matches every token, so it counts as later than any cutoff. */
const cutoff = ({ issuedThrough }: { readonly issuedThrough?: number }): number => issuedThrough ?? Infinity

/** A live row is only widened: the earlier start, the later expiry and the later cutoff win. */
function widened(old: StoredRow, fresh: Revoke): Omit<StoredRow, 'seq'> {
  const step = cutoff(fresh) - cutoff(old) // NaN if neither has a cutoff
  const isLater = step > 0 || (step === 0 && (fresh.issuedBefore ?? 0) > (old.issuedBefore ?? 0))
  const { revokedAt, issuedBefore, issuedThrough } = isLater ? fresh : old
  const row = {
    target: fresh.target,
    expiresAt: Math.max(old.expiresAt, fresh.expiresAt),
    revokedAt,
    notBefore:
      old.notBefore === undefined || fresh.notBefore === undefined
        ? undefined
        : Math.min(old.notBefore, fresh.notBefore),
    issuedBefore,
    issuedThrough,
    reason: fresh.reason ?? old.reason,
    actor: fresh.actor ?? old.actor,
  }
  return { ...withoutAbsent(row), revoked: true }
}

type Details = Pick<StoredRow, 'target' | 'expiresAt' | 'revokedAt'> & {
  readonly [name in 'notBefore' | 'issuedBefore' | 'issuedThrough']?: number | undefined
} & { readonly [name in 'reason' | 'actor']?: string | undefined }

/** The columns of a row, and no others; without those that are undefined. */
function withoutAbsent(details: Details): Omit<StoredRow, 'seq' | 'revoked'> {
  const { target, expiresAt, revokedAt, notBefore, issuedBefore, issuedThrough, reason, actor } = details
  return {
    target,
    expiresAt: Math.ceil(expiresAt),
    revokedAt,
    ...(notBefore === undefined ? {} : { notBefore: Math.floor(notBefore) }),
    ...(issuedBefore === undefined ? {} : { issuedBefore }),
    ...(issuedThrough === undefined ? {} : { issuedThrough }),
    ...(reason === undefined ? {} : { reason }),
    ...(actor === undefined ? {} : { actor }),
  }
}

function requireTimes(mutation: Mutation): void {
  const times =
    mutation.op === 'unrevoke'
      ? [mutation.revokedAt]
      : [
          mutation.expiresAt,
          mutation.revokedAt,
          mutation.notBefore ?? 0,
          mutation.issuedBefore ?? 0,
          mutation.issuedThrough ?? 0,
        ]
  const wrong = times.find((time) => !(time >= 0 && time < Infinity))
  if (wrong === undefined) return
  throw new RevocadeError(
    'ERR_INVALID_TIME',
    `a time can't be stored: ${wrong} is no time after 1970: give a finite number from 0 on`,
  )
}

/** The 16 bytes of a digest in memory of their own. */
export const bytesOf = (digest: Digest): Uint8Array => new Uint8Array(digest.slice().buffer)

const wordsOf = (bytes: Uint8Array): Digest => new Int32Array(Uint8Array.from(bytes).buffer)

const idOf = (digest: Digest): string => Buffer.from(digest.buffer, digest.byteOffset, 16).toString('hex')
