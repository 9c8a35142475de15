import { createHash } from 'node:crypto'
import { toRecord } from '../../export/record.js'
import type { StoredRow } from '../../ports/index.js'
import { changedRows } from './changed-rows.js'
import type { OpenNamespace } from './open-store.js'
import { covers } from './row-writer.js'

/** What a comparison of two stores found. */
export interface Verified {
  /** Live revocations of the source that were compared. */
  readonly compared: number
  /** Of these, how many the target lacks, or holds only in part. */
  readonly missing: number
  /** SHA-256 of the compared revocations in the order of the source, in hexadecimal. */
  readonly sha256: string
  /** Whether the other store holds them with the same details: its SHA-256 of them is the same. */
  readonly identical: boolean
}

/**
 * Reads a source again, and looks each of its live revocations up in a target.
 *
 * @param throughSeq - leaves out what changed in the source after this
 * @param liveAfter - leaves out what expires up to this, in NumericDate seconds
 */
export async function verifyRows(
  source: OpenNamespace,
  target: OpenNamespace,
  { throughSeq, liveAfter }: { readonly throughSeq: number; readonly liveAfter: number },
): Promise<Verified> {
  const [ours, theirs] = [createHash('sha256'), createHash('sha256')]
  let [compared, missing] = [0, 0]
  for await (const page of changedRows(source.store, 0, liveAfter)) {
    const rows = page.filter(({ seq, revoked }) => revoked && seq <= throughSeq)
    const held = await Promise.all(rows.map(async (row) => target.store.get(target.digestOf(row.target))))
    for (const [i, row] of rows.entries()) {
      const there = held.at(i)
      compared++
      if (!covers(there, row)) missing++
      ours.update(lineOf(row))
      if (there !== undefined) theirs.update(lineOf(there))
    }
  }
  const sha256 = ours.digest('hex')
  return { compared, missing, sha256, identical: theirs.digest('hex') === sha256 }
}

const lineOf = (row: StoredRow): string => `${JSON.stringify(toRecord(row))}\n`
