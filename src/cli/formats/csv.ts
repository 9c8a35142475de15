import { parse } from 'csv-parse/sync'
import { COLUMNS } from '../../export/csv-cells.js'
import type { Line } from '../../read-lines.js'
import { CliError, type ErrorReport, printable } from '../errors.js'
import { counted } from '../output/counted.js'
import { readCsvRecords } from './csv-records.js'
import { type Entry, toInput } from './entry.js'

type Column = (typeof COLUMNS)[number]

/** Reads CSV whose first record names the columns. An empty cell means that the field is absent. */
export async function* readCsv(source: AsyncIterable<Uint8Array>): AsyncGenerator<Entry[], void, void> {
  let columns: readonly Column[] | undefined
  for await (const records of readCsvRecords(source)) {
    const entries: Entry[] = []
    const filled = records.filter((record) => 'problem' in record || record.text.trim() !== '')
    const rows = parseRows(filled)
    for (const [index, record] of filled.entries()) {
      if (columns === undefined) columns = header(record, rows[index])
      else entries.push(entryOf(record, rows[index], columns))
    }
    if (entries.length > 0) yield entries
  }
}

/** An error that names fields, with the names of the columns: `expires_at`, and not `expiresAt`. */
export function inColumns({ code, message }: ErrorReport): ErrorReport {
  const named = message.replace(/\b[a-z]+[A-Z][A-Za-z]*\b/g, (name) => {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    return COLUMNS.find((column) => column === snake) ?? name
  })
  return { code, message: named }
}

/** The cells of each record; undefined for one that is not CSV. Parses all records at once if none is bad. */
function parseRows(records: readonly Line[]): (string[] | undefined)[] {
  const options = { relax_column_count: true }
  if (records.every((record) => 'text' in record)) {
    try {
      const rows: string[][] = parse(
        records.map((record) => ('text' in record ? record.text : '')).join('\n'),
        options,
      )
      if (rows.length === records.length) return rows
    } catch {
      // The records are parsed one by one below, which finds the bad one.
    }
  }
  return records.map((record) => {
    if ('problem' in record) return undefined
    try {
      const rows: string[][] = parse(record.text, options)
      return rows.length === 1 ? rows[0] : undefined
    } catch {
      return undefined
    }
  })
}

/**
 * Reads the column names. An unknown one fails the whole import: the file is the wrong one, not a line of it.
 */
function header(record: Line, row: string[] | undefined): readonly Column[] {
  if (row === undefined) throw new CliError('ERR_BAD_LINE', 'line 1: the header is not valid CSV')
  const names = row.map((name) => name.trim())
  return names.map((name, index) => {
    const column = COLUMNS.find((known) => known === name)
    if (column === undefined) {
      const unknown = `unknown column '${printable(name.slice(0, 40))}'`
      throw new CliError('ERR_BAD_LINE', `line ${record.number}: ${unknown}; known are ${COLUMNS.join(', ')}`)
    }
    if (names.indexOf(name) !== index)
      throw new CliError('ERR_BAD_LINE', `line ${record.number}: column '${column}' occurs twice`)
    return column
  })
}

function entryOf(record: Line, row: string[] | undefined, columns: readonly Column[]): Entry {
  const line = record.number
  const bytes = 'text' in record ? record.text.length + 1 : 0
  try {
    if ('problem' in record) throw new CliError('ERR_BAD_LINE', record.problem)
    if (row === undefined)
      throw new CliError('ERR_BAD_LINE', 'the line is not valid CSV: a cell has a quote in its middle')
    if (row.length !== columns.length) {
      throw new CliError(
        'ERR_BAD_LINE',
        `the line has ${counted(row.length, 'cell')} where the header has ${columns.length}`,
      )
    }
    return { line, bytes, ...toInput(fieldsOf(row, columns), columns.includes('id_type')) }
  } catch (error) {
    if (error instanceof CliError) return { line, bytes, error }
    throw error
  }
}

function fieldsOf(row: readonly string[], columns: readonly Column[]): Record<string, unknown> {
  const cells: { [K in Column]?: string } = {}
  for (const [index, column] of columns.entries()) {
    const value = row[index] ?? ''
    if (value !== '') cells[column] = value
  }
  const { id_claim, id_type, where, jti, id, ...rest } = cells
  const { issued_before, same_second, not_before, expires_at, revoked_at, ...same } = rest
  const fields: Record<string, unknown> = {
    ...same,
    jti: typed(jti, id_type),
    id: typed(id, id_type),
    idClaim: id_claim,
    where: where === undefined ? undefined : json(where),
    issuedBefore: issued_before,
    sameSecond: same_second,
    notBefore: not_before,
    expiresAt: expires_at,
    revokedAt: revoked_at,
  }
  return fields
}

/** The id as a number or a string: `5` and `"5"` are different ids. */
function typed(value: string | undefined, type: string | undefined): string | number | undefined {
  if (type === undefined || type === 'string' || value === undefined) return value
  const number = Number(value)
  if (type !== 'number' || !Number.isFinite(number))
    throw new CliError('ERR_BAD_LINE', "the line has an 'id_type' that does not fit")
  return number
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new CliError('ERR_BAD_LINE', "the line has a 'where' that is not valid JSON")
  }
}
