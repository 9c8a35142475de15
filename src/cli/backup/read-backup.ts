import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { StoredRow } from '../../ports/index.js'
import { type Line, readLines } from '../../read-lines.js'
import { type RawRow, toStoredRow } from '../../store/format/stored-row.js'
import { CliError, isSystemError, systemReason } from '../errors.js'
import { counted } from '../output/counted.js'
import { type BackupEnd, type BackupHead, type BackupPart, FORMAT } from './format.js'

/**
 * Reads a backup. The generator fails at the end unless the last line is there and its checksum is right:
 * read it to the end once before anything of it is used.
 *
 * @returns what the last line says
 * @throws {CliError} ERR_FILE when the file can't be read, is no backup, or is damaged
 */
export async function* readBackup(path: string): AsyncGenerator<BackupPart, BackupEnd, void> {
  const damaged = (what: string): CliError =>
    new CliError('ERR_FILE', `${path} is no sound backup: ${what}. Take another one; nothing of it was used`)
  const parser = new BackupParser()
  try {
    for await (const lines of readLines(unzipped(path))) yield* parser.read(lines)
    return parser.end()
  } catch (error) {
    if (error instanceof Fault) throw damaged(error.message)
    if (isSystemError(error)) throw new CliError('ERR_FILE', `can't read ${path}: ${systemReason(error)}`)
    if (isZlibError(error)) throw damaged(`it can't be unzipped (${error.code})`)
    throw error
  }
}

/** What is wrong with a line, or with the whole. */
class Fault extends Error {}

/** Takes the lines in their order, and checks each. */
class BackupParser {
  readonly #hash = createHash('sha256')
  #rows = 0
  #begun: 'no' | 'head' | 'namespace' | 'end' = 'no'
  #end: BackupEnd | undefined;

  *read(lines: readonly Line[]): Generator<BackupPart, void, void> {
    let rows: StoredRow[] = []
    for (const line of lines) {
      if ('problem' in line) throw new Fault(`line ${line.number}: ${line.problem}`)
      if (this.#end !== undefined) throw new Fault(`line ${line.number} comes after the end`)
      const value = parsed(line.text)
      if (isEnd(value)) {
        this.#finish(value)
        continue
      }
      this.#hash.update(`${line.text}\n`)
      if (isRow(value) && this.#begun === 'namespace') rows.push(toStoredRow(value))
      else {
        if (rows.length > 0) yield this.#pass(rows)
        rows = []
        yield this.#part(value, line.number)
      }
    }
    if (rows.length > 0) yield this.#pass(rows)
  }

  end(): BackupEnd {
    if (this.#end === undefined) throw new Fault('its end is missing')
    if (this.#end.rows !== this.#rows)
      throw new Fault(`it has ${counted(this.#rows, 'row')} instead of ${this.#end.rows}`)
    return this.#end
  }

  #pass(rows: readonly StoredRow[]): BackupPart {
    this.#rows += rows.length
    return { kind: 'rows', rows }
  }

  #part(value: unknown, number: number): BackupPart {
    if (this.#begun === 'no' && isHead(value)) {
      if (value.format !== FORMAT)
        throw new Fault(`it has format ${String(value.format)}, and this version reads ${FORMAT}`)
      this.#begun = 'head'
      return { kind: 'head', head: value }
    }
    if (this.#begun !== 'no' && isRecord(value) && typeof value.namespace === 'string') {
      this.#begun = 'namespace'
      return { kind: 'namespace', namespace: value.namespace }
    }
    throw new Fault(`line ${number} is not what should stand there`)
  }

  #finish(end: BackupEnd): void {
    const sha256 = this.#hash.digest('hex')
    if (sha256 !== end.sha256) throw new Fault('its checksum is wrong')
    this.#end = end
  }
}

function unzipped(path: string): AsyncIterable<Uint8Array> {
  // Without a callback an error of the file would not reach the reader.
  return pipeline(createReadStream(path), createGunzip(), () => undefined)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isHead = (value: unknown): value is BackupHead & { readonly format: unknown } =>
  isRecord(value) &&
  value.revocade === 'backup' &&
  typeof value.createdAt === 'string' &&
  typeof value.store === 'string' &&
  typeof value.storeId === 'string' &&
  typeof value.clockToleranceSeconds === 'number'

const isEnd = (value: unknown): value is BackupEnd =>
  isRecord(value) && typeof value.rows === 'number' && typeof value.sha256 === 'string'

/** The types of the columns of a row. The details may be null. */
const COLUMNS = ['number', 'string', 'boolean', 'number', 'number'] as const
const DETAILS = ['number', 'number', 'string', 'string', 'number'] as const

const isRow = (value: unknown): value is RawRow =>
  Array.isArray(value) &&
  value.length === COLUMNS.length + DETAILS.length &&
  COLUMNS.every((type, i) => typeof value[i] === type) &&
  DETAILS.every((type, i) => {
    const detail: unknown = value[COLUMNS.length + i]
    return detail === null || typeof detail === type
  })

const isZlibError = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_')
