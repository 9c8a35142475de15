import { newestRows } from '../../../engine/newest-rows.js'
import type { RevocationStore, StoredRow } from '../../../ports/index.js'

/** The newest changes, with those that were taken back. */
export async function newest(store: RevocationStore, most: number): Promise<readonly StoredRow[]> {
  const rows: StoredRow[] = []
  for await (const row of newestRows(store)) {
    rows.push(row)
    if (rows.length === most) break
  }
  return rows
}
