import { type Command, Option } from 'commander'
import { toRevocation } from '../../engine/verdict.js'
import type { StoredRow } from '../../ports/index.js'
import { printable } from '../errors.js'
import { targetText } from '../input/targets.js'
import { shortTime } from '../input/time.js'
import { addStoreOptions, parsePositiveInteger, type StoreOptions } from '../options.js'
import { LineWriter, note, writeLine } from '../output/print.js'
import { table } from '../output/table.js'
import { readStore } from '../read-store.js'
import { storedRows } from '../store-rows.js'

interface ListOptions extends StoreOptions {
  readonly kind?: 'token' | 'selector'
  readonly expired?: boolean
  readonly limit?: number
}

/**
 * Rows that share their column widths. A longer listing is several tables, so that it starts without reading
 * all.
 */
const TABLE_ROWS = 100
/** Columns of times: a terminal shows them in two lines, date and time of day. */
const TIMES: ReadonlySet<number> = new Set([1, 2, 3, 4])
const HEAD = ['target', 'issued before', 'not before', 'expires', 'revoked at', 'actor', 'reason']

/** Adds `list`, which shows the revocations in the store. */
export function addList(program: Command): void {
  const command = program
    .command('list')
    .description('Show the revocations in the store, oldest change first.')
    .addOption(new Option('--kind <kind>', 'only these').choices(['token', 'selector']))
    .option('--expired', 'also those that have ended but are not yet purged')
    .option('--limit <n>', 'at most this many', parsePositiveInteger)
    .action(list)
  addStoreOptions(command)
}

async function list(options: ListOptions): Promise<void> {
  await readStore(options, {}, async (_engine, store) => {
    const rows = storedRows(store, options)
    if (options.json === true) await listJson(rows)
    else await listTables(rows)
  })
}

async function listJson(rows: AsyncIterable<StoredRow>): Promise<void> {
  const writer = new LineWriter()
  for await (const row of rows) await writer.line(JSON.stringify(toRevocation(row)))
  await writer.flush()
}

async function listTables(rows: AsyncIterable<StoredRow>): Promise<void> {
  let page: string[][] = []
  let pages = 0
  const flush = async (): Promise<void> => {
    if (page.length > 0) await writeLine(pageText(page, pages++ === 0))
    page = []
  }
  for await (const row of rows) {
    page.push(cells(row))
    if (page.length === TABLE_ROWS) await flush()
  }
  if (pages === 0 && page.length === 0) note('no revocations')
  await flush()
}

/**
 * On a terminal, empty columns are left out to save width. A program that reads the output gets all columns.
 */
function pageText(page: readonly string[][], first: boolean): string {
  if (!process.stdout.isTTY) return table(page, first ? { head: HEAD } : {})
  const columns = HEAD.map((_, column) => column).filter((column) => page.some((row) => row[column] !== ''))
  const pick = (row: readonly string[]): string[] => columns.map((column) => row[column] ?? '')
  const narrow = (row: readonly string[]): string[] =>
    row.map((cell, column) => (TIMES.has(column) ? cell.replace(' ', '\n') : cell))
  return table(
    page.map((row) => pick(narrow(row))),
    { flexible: 0, wrap: 'anywhere', head: pick(narrow(HEAD)) },
  )
}

function cells(row: StoredRow): string[] {
  const { target, issuedBefore, notBefore, expiresAt, revokedAt, ...more } = toRevocation(row)
  const cutoff = more.withoutCutoff === true ? 'ever' : ''
  return [
    targetText(target),
    issuedBefore === undefined ? cutoff : shortTime(issuedBefore),
    notBefore === undefined ? '' : shortTime(notBefore),
    shortTime(expiresAt),
    shortTime(revokedAt),
    printable(more.actor ?? ''),
    printable(more.reason ?? ''),
  ]
}
