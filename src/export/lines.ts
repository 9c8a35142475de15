import { stringify } from 'csv-stringify/sync'
import type { StoredRow } from '../ports/index.js'
import { COLUMNS, toCells } from './csv-cells.js'
import { toRecord } from './record.js'

/** The formats of an export. */
export type ExportFormat = 'ndjson' | 'csv'

/** What an export begins with: the names of the columns, in CSV. */
export const headOf = (format: ExportFormat): string => (format === 'csv' ? `${COLUMNS.join(',')}\n` : '')

/** The line of a revocation, as import reads it. In CSV, a text with a line break makes several of it. */
export function lineOf(row: StoredRow, format: ExportFormat): string {
  const record = toRecord(row)
  return format === 'csv' ? stringify([toCells(record)]) : `${JSON.stringify(record)}\n`
}
