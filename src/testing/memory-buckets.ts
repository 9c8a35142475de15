import { bucketOf, WHOLE_READ_MAX_ROWS } from '../buckets/layout.js'
import type { BucketEntry, BucketRead, BucketVersion } from '../ports/index.js'
import { bytesOf, type Entry, type NamespaceData, type RecentVersion } from './memory-data.js'

/** A request of {@link BucketSource.read}. */
export interface BucketQuery {
  readonly bucket: number
  readonly bits: number
  readonly since: Pick<BucketVersion, 'seq' | 'tag'> | undefined
}

/** What one bucket holds, since a version or as a whole. */
export function readBucket(namespace: NamespaceData, { bucket, bits, since }: BucketQuery): BucketRead {
  if (bits !== namespace.bits) return { status: 'layout-changed' }
  const version = namespace.version(bucket)
  const rows = [...namespace.entries.values()].filter(({ digest }) => bucketOf(digest, bits) === bucket)
  const known = since !== undefined && isRecent(version, since.tag)
  if (!known && rows.length > WHOLE_READ_MAX_ROWS) return { status: 'too-large', rows: rows.length }
  const wanted = rows.filter(({ row }) => (known ? row.seq > since.seq : row.revoked))
  const entries = wanted.map(toBucketEntry)
  return { status: 'ok', version: toVersion(version), whole: !known, entries, rows: rows.length }
}

const isRecent = ({ tag, earlier }: RecentVersion, wanted: Uint8Array): boolean =>
  [tag, ...earlier].some((one) => Buffer.compare(one, wanted) === 0)

/** A version without the ones before it. */
export const toVersion = ({ bucket, seq, tag }: BucketVersion): BucketVersion => ({ bucket, seq, tag })

function toBucketEntry({ digest, row }: Entry): BucketEntry {
  const { revoked, notBefore, issuedThrough } = row
  const expiresAt = notBefore === undefined ? row.expiresAt : 0
  const limit = issuedThrough === undefined ? {} : { issuedThrough }
  return { digest: bytesOf(digest), revoked, expiresAt, ...limit }
}
