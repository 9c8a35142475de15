import type { Receipt, Revocade } from '../api.js'
import type { StoredRow } from '../ports/index.js'
import { internalsOf } from './internals.js'

/**
 * Takes a revocation back as somebody has seen it. A newer revocation of the same target is never undone.
 *
 * @param seen - the target, and the number that it had
 * @returns undefined when the target was changed since: nothing was written
 * @throws {RevocadeError} ERR_CONFIG when the store can't commit on a condition, ERR_STORE_*, ERR_NOT_DURABLE
 */
export function undo(
  engine: Revocade,
  { target, seq }: Pick<StoredRow, 'target' | 'seq'>,
): Promise<Receipt | undefined> {
  return internalsOf(engine, 'undo()').layers.writer.undo(target, seq)
}
