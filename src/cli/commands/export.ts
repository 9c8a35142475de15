import { createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { type Command, Option } from 'commander'
import { type ExportFormat, headOf, linesOf } from '../../export/lines.js'
import type { RevocationStore, StoredRow } from '../../ports/index.js'
import { CliError, isSystemError, systemReason } from '../errors.js'
import { addStoreOptions, type StoreOptions } from '../options.js'
import { counted } from '../output/counted.js'
import { tone, write, writeJson, writeLine } from '../output/print.js'
import { Progress } from '../output/progress.js'
import { readStore } from '../read-store.js'
import { storedRows } from '../store-rows.js'

interface ExportOptions extends StoreOptions {
  readonly format: ExportFormat
  readonly output?: string
  readonly expired?: boolean
  readonly kind?: 'token' | 'selector'
  readonly progress: boolean
}

/** Revocations that are written at a time. */
const CHUNK_ROWS = 256

/** Adds `export`, which writes the revocations as lines. */
export function addExport(program: Command): void {
  const command = program
    .command('export')
    .description("Write the revocations as lines that 'import' reads.")
    .addOption(new Option('--format <format>', 'of the lines').choices(['ndjson', 'csv']).default('ndjson'))
    .option('--output <file>', 'write to a file, put in place once it is complete (default: stdout)')
    .addOption(new Option('--kind <kind>', 'only these').choices(['token', 'selector']))
    .option('--expired', 'also those that have ended but are not yet purged')
    .option('--no-progress', 'no progress bar')
    .action(exportStore)
  addStoreOptions(command)
}

async function exportStore(options: ExportOptions): Promise<void> {
  await readStore(options, {}, async (_engine, store) => {
    const count = { rows: 0 }
    const chunks = exportChunks(store, options, count)
    if (options.output === undefined) {
      for await (const chunk of chunks) await write(chunk)
      return
    }
    const { output, format } = options
    await toFile(output, chunks)
    if (options.json === true) await writeJson({ count: count.rows, output, format })
    else await writeLine(`${tone('exported', 'good')} ${counted(count.rows, 'revocation')} to ${output}`)
  })
}

/** The text of the export in pieces. */
async function* exportChunks(
  store: RevocationStore,
  options: ExportOptions,
  count: { rows: number },
): AsyncGenerator<string, void, void> {
  const { format } = options
  const progress = new Progress('export', 'revocations', undefined, options.progress)
  try {
    yield headOf(format)
    let rows: StoredRow[] = []
    for await (const row of storedRows(store, options)) {
      rows.push(row)
      count.rows++
      if (rows.length < CHUNK_ROWS) continue
      progress.update(count.rows)
      yield linesOf(rows, format)
      rows = []
    }
    yield linesOf(rows, format)
  } finally {
    progress.stop()
  }
}

/**
 * Writes and syncs a temporary file, then renames it: a file with the final name always holds a complete
 * export.
 */
async function toFile(path: string, chunks: AsyncIterable<string>): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    await pipeline(chunks, createWriteStream(temporary, { flags: 'wx', mode: 0o600 }))
    const file = await open(temporary, 'r+')
    await file.sync().finally(() => file.close())
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    if (isSystemError(error))
      throw new CliError('ERR_FILE', `can't write ${path}: ${systemReason(error)}`, { cause: error })
    throw error
  }
}
