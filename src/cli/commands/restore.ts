import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Command } from 'commander'
import type { BackupHead } from '../backup/format.js'
import { readBackup } from '../backup/read-backup.js'
import { CliError } from '../errors.js'
import { addStoreOptions, type StoreOptions } from '../options.js'
import { tone, writeJson, writeLine } from '../output/print.js'
import { Progress } from '../output/progress.js'
import { isServer, namespacesAt, shownLocation } from '../store-location.js'
import { type OpenNamespace, openNamespace } from '../transfer/open-store.js'
import { RowWriter, type WrittenRows } from '../transfer/row-writer.js'

interface RestoreOptions extends Omit<StoreOptions, 'namespace'> {
  readonly merge?: boolean
  readonly progress: boolean
}

/** What a restore wrote. */
interface Restored extends WrittenRows {
  readonly namespaces: number
}

/** Adds `restore`, which makes a store from a backup. */
export function addRestore(program: Command): void {
  const command = program
    .command('restore')
    .description("Make a store from a file that 'backup' wrote. The file is checked first.")
    .argument('<file>', 'the backup')
    .option('--merge', 'into a store that exists: what either knows to be revoked is revoked then')
    .option('--no-progress', 'no progress bar')
    .action(restore)
  addStoreOptions(command)
}

async function restore(file: string, options: RestoreOptions): Promise<void> {
  const { store } = options
  const { head, rows, sha256 } = await checked(file)
  const known = (await namespacesAt(store)) ?? []
  if (known.length > 0 && options.merge !== true) {
    throw new CliError(
      'ERR_USAGE',
      `there is a store at ${shownLocation(store)}: give another place, or --merge to add the backup to it`,
    )
  }
  const progress = new Progress('restore', 'rows', rows, options.progress)
  const fresh = !isServer(store) && !existsSync(store)
  const restored = await (fresh ? intoNewFile : into)({ file, head, options, progress }).finally(() => {
    progress.stop()
  })
  if (options.json === true) await writeJson({ store: shownLocation(store), ...restored, rows, sha256 })
  else {
    const counts = `${restored.written}, there already ${restored.present}`
    await writeLine(
      `${tone('restored', 'good')} ${counts}, from the backup of ${head.createdAt} (SHA-256 ${sha256})`,
    )
  }
}

/** Reads the whole backup once: nothing of a damaged one is used. */
async function checked(file: string): Promise<{ head: BackupHead; rows: number; sha256: string }> {
  let head: BackupHead | undefined
  const parts = readBackup(file)
  for (;;) {
    const { done, value } = await parts.next()
    if (done !== true) {
      if (value.kind === 'head') head = value.head
      continue
    }
    if (head === undefined) throw new CliError('ERR_FILE', `${file} is no backup`)
    return { head, rows: value.rows, sha256: value.sha256 }
  }
}

interface Job {
  readonly file: string
  readonly head: BackupHead
  readonly options: RestoreOptions
  readonly progress: Progress
}

/** A service that starts meanwhile must not find half of a store: the file gets its name at the end. */
async function intoNewFile(job: Job): Promise<Restored> {
  const { store } = job.options
  const temporary = `${store}.${process.pid}.restoring`
  try {
    const restored = await into({ ...job, options: { ...job.options, store: temporary } })
    await rename(temporary, store)
    return restored
  } finally {
    for (const suffix of ['', '-wal', '-shm', '-lock']) await rm(`${temporary}${suffix}`, { force: true })
  }
}

async function into({ file, head, options, progress }: Job): Promise<Restored> {
  const totals = { written: 0, present: 0, takenBack: 0, namespaces: 0 }
  let open: { readonly target: OpenNamespace; readonly writer: RowWriter } | undefined
  const close = async (): Promise<void> => {
    if (open === undefined) return
    totals.written += open.writer.totals.written
    totals.present += open.writer.totals.present
    totals.takenBack += open.writer.totals.takenBack
    await open.target.store.close()
    open = undefined
  }
  let read = 0
  try {
    for await (const part of readBackup(file)) {
      if (part.kind === 'namespace') {
        await close()
        const target = await openNamespace(
          { ...options, namespace: part.namespace },
          head.clockToleranceSeconds,
        )
        open = { target, writer: new RowWriter(target, true) }
        totals.namespaces++
      } else if (part.kind === 'rows') {
        await open?.writer.write(part.rows)
        progress.update((read += part.rows.length))
      }
    }
  } finally {
    await close()
  }
  return totals
}
