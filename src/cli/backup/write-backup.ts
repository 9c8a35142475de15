import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { toRawRow } from '../../store/format/stored-row.js'
import { CliError, isSystemError, systemReason } from '../errors.js'
import { packageVersion } from '../package-version.js'
import { type BackupEnd, type BackupPart, FORMAT } from './format.js'

/**
 * Writes a backup to a temporary file, syncs it, and puts it in place: what has the final name is complete.
 *
 * @param parts - the head first
 * @returns the number of rows, and the SHA-256 of the lines
 * @throws {CliError} ERR_FILE when it can't be written
 */
export async function writeBackup(path: string, parts: AsyncIterable<BackupPart>): Promise<BackupEnd> {
  const end = { rows: 0, sha256: '' }
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = createWriteStream(temporary, { flags: 'wx', mode: 0o600 })
    await pipeline(linesOf(parts, end), createGzip(), file)
    const handle = await open(temporary, 'r+')
    await handle.sync().finally(() => handle.close())
    await rename(temporary, path)
    return end
  } catch (error) {
    await rm(temporary, { force: true })
    if (!isSystemError(error)) throw error
    throw new CliError('ERR_FILE', `can't write ${path}: ${systemReason(error)}`, { cause: error })
  }
}

async function* linesOf(
  parts: AsyncIterable<BackupPart>,
  end: { rows: number; sha256: string },
): AsyncGenerator<string, void, void> {
  const hash = createHash('sha256')
  for await (const part of parts) {
    const text = textOf(part)
    hash.update(text)
    if (part.kind === 'rows') end.rows += part.rows.length
    yield text
  }
  end.sha256 = hash.digest('hex')
  yield lineOf(end)
}

function textOf(part: BackupPart): string {
  switch (part.kind) {
    case 'head':
      return lineOf({ revocade: 'backup', format: FORMAT, version: packageVersion(), ...part.head })
    case 'namespace':
      return lineOf({ namespace: part.namespace })
    case 'rows':
      return part.rows.map((row) => lineOf(toRawRow(row))).join('')
  }
}

const lineOf = (value: unknown): string => `${JSON.stringify(value)}\n`
