import { MAX_BUCKET_BITS } from '../../../buckets/layout.js'
import type { Connection } from '../file/driver.js'

/** A bucket: its number, and the version that its parts inherit. */
type RawBucket = readonly [bucket: number, seq: number, tag: Buffer, earlier: Buffer]

/**
 * Splits a namespace into 2^bits buckets; does nothing if there are as many. Each part inherits the version
 * of its bucket, which names the last change that can be in it. Its one step is to be run in a transaction,
 * and yields the number of parts made.
 */
export function* splitBuckets(
  db: Connection,
  namespace: number,
  bits: number,
): Generator<number, void, void> {
  yield split(db, namespace, bits)
}

function split(db: Connection, namespace: number, bits: number): number {
  const now =
    db.prepare<[], number>(`SELECT bucket_bits FROM namespaces WHERE id = ${namespace}`).pluck().get() ?? 0
  const further = Math.min(bits, MAX_BUCKET_BITS) - now
  if (further <= 0) return 0
  const buckets = db
    .prepare<[], RawBucket>(`SELECT bucket, seq, tag, earlier FROM buckets WHERE namespace = ${namespace}`)
    .raw()
    .all()
  db.prepare(`DELETE FROM buckets WHERE namespace = ${namespace}`).run()
  const insert = db.prepare(`INSERT INTO buckets VALUES (${namespace}, ?, ?, ?, ?)`)
  const parts = 2 ** further
  for (const [bucket, ...version] of buckets) {
    for (let part = 0; part < parts; part++) insert.run(bucket * parts + part, ...version)
  }
  db.prepare(`UPDATE namespaces SET bucket_bits = ? WHERE id = ${namespace}`).run(now + further)
  return buckets.length * parts
}
