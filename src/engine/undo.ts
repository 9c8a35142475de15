import type { Receipt, Revocade } from '../api.js'
import type { StoredRow } from '../ports/index.js'
import { internalsOf } from './internals.js'
import { takenBackDigest } from './taken-back-mark.js'

/**
 * Takes a revocation back as somebody has seen it. A newer revocation of the same target is never undone.
 *
 * @param seen - the target, and the number that it had
 * @param actor - who takes it back
 * @returns undefined when the target was changed since: nothing was written
 * @throws {RevocadeError} ERR_CONFIG when the store can't commit on a condition, ERR_STORE_*, ERR_NOT_DURABLE
 */
export function undo(
  engine: Revocade,
  { target, seq }: Pick<StoredRow, 'target' | 'seq'>,
  actor?: string,
): Promise<Receipt | undefined> {
  return internalsOf(engine, 'undo()').layers.writer.undo(target, seq, actor)
}

/**
 * Who took a revocation back.
 *
 * @returns undefined where nobody did, or it was not said
 * @throws {RevocadeError} ERR_STORE_*
 */
export async function takenBackBy(engine: Revocade, row: StoredRow): Promise<string | undefined> {
  if (row.revoked) return undefined
  const { layers, store } = internalsOf(engine, 'takenBackBy()')
  const mark = await store.get(takenBackDigest(layers.digester, row.target))
  // The mark of an earlier time has a smaller number than the tombstone, and nobody said it of this one. That
  // of another commit has another time.
  return mark !== undefined && mark.seq > row.seq && mark.revokedAt === row.revokedAt ? mark.actor : undefined
}
