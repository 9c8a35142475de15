import type { Command } from 'commander'
import type { BackupPart } from '../backup/format.js'
import { writeBackup } from '../backup/write-backup.js'
import { addStoreOptions, type StoreOptions } from '../options.js'
import { counted } from '../output/counted.js'
import { tone, writeJson, writeLine } from '../output/print.js'
import { Progress } from '../output/progress.js'
import { withReadable } from '../read-store.js'
import { countOpen, noteSessionsLeft } from '../sessions/open-rows.js'
import { namespacesAt } from '../store-location.js'
import { changedRows } from '../transfer/changed-rows.js'
import { openNamespace } from '../transfer/open-store.js'
import { requireStore } from '../with-store.js'

interface BackupOptions extends StoreOptions {
  readonly progress: boolean
}

/** Adds `backup`, which writes everything that a store knows to a file. */
export function addBackup(program: Command): void {
  const command = program
    .command('backup')
    .description('Write all that a store knows to a file, with a checksum, while services use it.')
    .argument('<file>', 'put in place once it is complete')
    .option('--no-progress', 'no progress bar')
    .action(backup)
  addStoreOptions(command)
}

async function backup(file: string, given: BackupOptions): Promise<void> {
  await withReadable(given, async (options) => {
    const known = (await namespacesAt(options.store)) ?? []
    await requireStore({ ...options, namespace: options.namespace ?? known[0] ?? 'default' })
    const namespaces = options.namespace === undefined ? known : [options.namespace]
    const progress = new Progress('backup', 'rows', undefined, options.progress)
    const left = { sessionsLeft: 0 }
    const end = await writeBackup(file, partsOf(options, namespaces, progress, left)).finally(() => {
      progress.stop()
    })
    if (options.json === true) await writeJson({ file, namespaces, ...end, ...left })
    else {
      const counts = `${counted(end.rows, 'row')} of ${counted(namespaces.length, 'namespace')} to ${file}`
      await writeLine(`${tone('backed up', 'good')} ${counts} (SHA-256 ${end.sha256})`)
    }
    noteSessionsLeft(left.sessionsLeft, options)
  })
}

async function* partsOf(
  options: StoreOptions,
  namespaces: readonly string[],
  progress: Progress,
  left: { sessionsLeft: number },
): AsyncGenerator<BackupPart, void, void> {
  let rows = 0
  for (const [i, namespace] of namespaces.entries()) {
    const { store, storeId, clockToleranceSeconds } = await openNamespace({ ...options, namespace })
    try {
      if (i === 0) {
        const createdAt = new Date().toISOString()
        yield { kind: 'head', head: { createdAt, store: store.kind, storeId, clockToleranceSeconds } }
      }
      yield { kind: 'namespace', namespace }
      for await (const page of changedRows(store, 0, 0)) {
        yield { kind: 'rows', rows: page }
        progress.update((rows += page.length))
      }
      left.sessionsLeft += await countOpen(store)
    } finally {
      await store.close()
    }
  }
}
