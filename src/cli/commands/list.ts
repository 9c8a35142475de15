import { type Command, Option } from 'commander'
import type { StoredRow } from '../../ports.js'
import { toRevocation } from '../../verdict.js'
import { addStoreOptions, mustExist, parsePositiveInteger, type StoreOptions, withStore } from '../common.js'
import { printable } from '../errors.js'
import { LineWriter, note, table, writeLine } from '../output.js'
import { storedRows } from '../store-rows.js'
import { targetText } from '../targets.js'
import { shortTime } from '../time.js'

interface ListOptions extends StoreOptions {
  readonly kind?: 'token' | 'selector'
  readonly expired?: boolean
  readonly limit?: number
}

/** Rows that share their column widths; a longer listing goes on with widths of its own, so that it can start at once. */
const TABLE_ROWS = 100
const HEAD = ['target', 'issued before', 'expires', 'revoked at', 'actor', 'reason']

export function addList(program: Command): void {
  const command = program
    .command('list')
    .description('Show the revocations in the store, oldest change first.')
    .addOption(new Option('--kind <kind>', 'only these').choices(['token', 'selector']))
    .option('--expired', 'also those that have ended but are not yet purged')
    .option('--limit <n>', 'at most so many', parsePositiveInteger)
    .action(list)
  addStoreOptions(command)
}

async function list(options: ListOptions): Promise<void> {
  mustExist(options)
  await withStore(options, {}, async (_engine, store) => {
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
    if (page.length > 0) await writeLine(table(page, { flexible: 0, ...(pages++ === 0 ? { head: HEAD } : {}) }))
    page = []
  }
  for await (const row of rows) {
    page.push(cells(row))
    if (page.length === TABLE_ROWS) await flush()
  }
  if (pages === 0 && page.length === 0) note('no revocations')
  await flush()
}

function cells(row: StoredRow): string[] {
  const { target, issuedBefore, expiresAt, revokedAt, actor = '', reason = '' } = toRevocation(row)
  return [
    targetText(target),
    issuedBefore === undefined ? '' : shortTime(issuedBefore),
    shortTime(expiresAt),
    shortTime(revokedAt),
    printable(actor),
    printable(reason),
  ]
}
