import { parse } from 'csv-parse/sync'
import { CliError, printable } from '../errors.js'
import type { Line } from '../input/read-lines.js'
import { readCsvRecords } from './csv-records.js'
import { type Entry, toInput } from './entry.js'
import type { ExportRecord } from './record.js'

/** The columns, in the order in which export writes them. Import takes them in any order and needs only those it uses. */
export const COLUMNS = [
  'jti',
  'iss',
  'id_claim',
  'id',
  'id_type',
  'sha256',
  'token',
  'where',
  'issued_before',
  'same_second',
  'expires_at',
  'reason',
  'actor',
  'revoked_at',
] as const

type Column = (typeof COLUMNS)[number]

/** The first record names the columns; an empty cell is no value. */
export async function* readCsv(source: AsyncIterable<Uint8Array>): AsyncGenerator<Entry[], void, void> {
  let columns: readonly Column[] | undefined
  for await (const records of readCsvRecords(source)) {
    const entries: Entry[] = []
    const filled = records.filter((record) => 'problem' in record || record.text.trim() !== '')
    for (const [index, row] of parseRows(filled).entries()) {
      const record = filled[index]
      if (columns === undefined) columns = header(record, row)
      else entries.push(entryOf(record, row, columns))
    }
    if (entries.length > 0) yield entries
  }
}

/** The cells of each record, in one go where nothing is wrong with any; undefined for a record that is no CSV. */
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
      // Found one by one, below.
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

/** A file whose columns aren't understood is refused whole: it is the wrong file, not a bad line. */
function header(record: Line, row: string[] | undefined): readonly Column[] {
  if (row === undefined) throw new CliError('ERR_BAD_LINE', 'line 1: the header is not valid CSV')
  const names = row.map((name) => name.trim())
  return names.map((name, index) => {
    const column = COLUMNS.find((known) => known === name)
    if (column === undefined) {
      throw new CliError(
        'ERR_BAD_LINE',
        `line ${record.number}: unknown column '${printable(name.slice(0, 40))}'. Known: ${COLUMNS.join(', ')}.`,
      )
    }
    if (names.indexOf(name) !== index)
      throw new CliError('ERR_BAD_LINE', `line ${record.number}: column '${column}' stands there twice`)
    return column
  })
}

function entryOf(record: Line, row: string[] | undefined, columns: readonly Column[]): Entry {
  const line = record.number
  const bytes = 'text' in record ? record.text.length + 1 : 0
  try {
    if ('problem' in record) throw new CliError('ERR_BAD_LINE', record.problem)
    if (row === undefined)
      throw new CliError('ERR_BAD_LINE', 'the line is not valid CSV: a quote stands in the middle of a cell')
    if (row.length !== columns.length) {
      throw new CliError(
        'ERR_BAD_LINE',
        `the line has ${row.length} cells where the header has ${columns.length}`,
      )
    }
    return { line, bytes, ...toInput(fieldsOf(row, columns)) }
  } catch (error) {
    if (error instanceof CliError) return { line, bytes, error }
    throw error
  }
}

function fieldsOf(row: readonly string[], columns: readonly Column[]): Record<string, unknown> {
  const cells: { [K in Column]?: string } = {}
  for (const [index, column] of columns.entries()) {
    const value = row[index]
    if (value !== '') cells[column] = value
  }
  const { id_claim, id_type, issued_before, same_second, expires_at, revoked_at, where, jti, id, ...same } =
    cells
  const fields: Record<string, unknown> = {
    ...same,
    jti: typed(jti, id_type),
    id: typed(id, id_type),
    idClaim: id_claim,
    where: where === undefined ? undefined : json(where),
    issuedBefore: issued_before,
    sameSecond: same_second,
    expiresAt: expires_at,
    revokedAt: revoked_at,
  }
  return fields
}

/** `5` and `"5"` are two ids. */
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

/** The cells of a record, in the order of {@link COLUMNS}. */
export function toCells(record: ExportRecord): string[] {
  const id = record.jti ?? record.id
  const cells: { [K in Column]?: string | undefined } = {
    jti: record.jti === undefined ? undefined : String(record.jti),
    iss: record.iss,
    id_claim: record.idClaim,
    id: record.id === undefined ? undefined : String(record.id),
    id_type: typeof id === 'number' ? 'number' : undefined,
    sha256: record.sha256,
    where: record.where === undefined ? undefined : JSON.stringify(record.where),
    issued_before: record.issuedBefore,
    same_second: record.sameSecond,
    expires_at: record.expiresAt,
    reason: record.reason,
    actor: record.actor,
    revoked_at: record.revokedAt,
  }
  return COLUMNS.map((column) => cells[column] ?? '')
}
