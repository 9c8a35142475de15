import { stringify } from 'csv-stringify/sync'
import type { StoredRow } from '../ports/index.js'
import { COLUMNS, toCells } from './csv-cells.js'
import { toRecord } from './record.js'

/** The formats of an export. */
export type ExportFormat = 'ndjson' | 'csv'

/** What an export begins with: the names of the columns, in CSV. */
export const headOf = (format: ExportFormat): string => (format === 'csv' ? `${COLUMNS.join(',')}\n` : '')

/** The lines of revocations, as import reads them. In CSV, a text with a line break makes several of one. */
export function linesOf(rows: readonly StoredRow[], format: ExportFormat): string {
  const records = rows.map(toRecord)
  if (format === 'csv') return stringify(records.map(toCells))
  return records.map((record) => `${JSON.stringify(record)}\n`).join('')
}
