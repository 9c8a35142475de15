import { listRows } from '../../../engine/list.js'
import { type ExportFormat, headOf, linesOf } from '../../../export/lines.js'
import type { RevocationStore, StoredRow } from '../../../ports/index.js'
import type { Filter } from './filter.js'

/** Revocations that are sent at a time. Checks must not wait long. */
const CHUNK_ROWS = 100

/** What is needed for an export. */
export interface ExportParts {
  readonly store: RevocationStore
  readonly filter: Filter
  readonly format: ExportFormat
  /** NumericDate seconds: what expires up to then has ended. */
  readonly liveAfter: number
}

/**
 * What `revocade export` writes, of the revocations that match: oldest change first, without what was taken
 * back.
 */
export async function* exported({
  store,
  filter,
  format,
  liveAfter,
}: ExportParts): AsyncGenerator<string, void, void> {
  // An empty text would be no chunk, and the download of nothing is an empty file.
  if (format === 'csv') yield headOf(format)
  let rows: StoredRow[] = []
  for await (const row of listRows(store)) {
    if (!filter.accepts(row, liveAfter) || !filter.isBy(row)) continue
    rows.push(row)
    if (rows.length < CHUNK_ROWS) continue
    yield linesOf(rows, format)
    rows = []
  }
  if (rows.length > 0) yield linesOf(rows, format)
}
