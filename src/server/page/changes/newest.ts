import type { Revocade } from '../../../api.js'
import { internalsOf } from '../../../engine/internals.js'
import { newestRows } from '../../../engine/newest-rows.js'
import type { StoredRow } from '../../../ports/index.js'
import { type ShownRow, shownRows } from '../shown-row.js'

/** The newest changes, with those that were taken back. */
export async function newest(engine: Revocade, most: number): Promise<readonly ShownRow[]> {
  const rows: StoredRow[] = []
  for await (const row of newestRows(internalsOf(engine, 'newest()').store)) {
    rows.push(row)
    if (rows.length === most) break
  }
  return shownRows(engine, rows)
}
