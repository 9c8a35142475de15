import type { Revocade } from '../../api.js'
import { takenBackBy } from '../../engine/undo.js'
import type { StoredRow } from '../../ports/index.js'

/** A row as pages show it. */
export interface ShownRow extends StoredRow {
  /** Who took it back; undefined where nobody did, or it is not recorded. */
  readonly takenBackBy?: string | undefined
}

/** Rows that are looked up at a time. */
const AT_ONCE = 50

/** Adds to a row who took it back. */
export const shownRow = async (engine: Revocade, row: StoredRow): Promise<ShownRow> =>
  row.revoked ? row : { ...row, takenBackBy: await takenBackBy(engine, row) }

/** Adds to rows who took them back. */
export async function shownRows(engine: Revocade, rows: readonly StoredRow[]): Promise<ShownRow[]> {
  const shown: ShownRow[] = []
  for (let i = 0; i < rows.length; i += AT_ONCE)
    shown.push(...(await Promise.all(rows.slice(i, i + AT_ONCE).map((row) => shownRow(engine, row)))))
  return shown
}
