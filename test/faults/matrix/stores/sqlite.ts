import { copyFileSync, realpathSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { temporaryDirectory } from '../../../support/temp.js'
import type { Chance, FileStore } from '../scene.js'

/** A file that the peers reach by a symbolic link. */
export function sqliteStore(random: Chance): FileStore {
  const folder = temporaryDirectory()
  const location = join(folder, 'store.db')
  const first = join(folder, 'first.db')
  new Database(first).close()
  symlinkSync(first, location)
  let copies = 0
  let kept: string | undefined

  const copied = async (): Promise<string> => {
    const copy = join(folder, `copy-${++copies}.db`)
    const database = new Database(realpathSync(location), { readonly: true, timeout: 10_000 })
    await database.backup(copy)
    database.close()
    return copy
  }
  return {
    kind: 'sqlite',
    location,
    async backup() {
      const saved = await copied()
      return () => {
        copyFileSync(saved, `${saved}.again`)
        renameSync(`${saved}.again`, realpathSync(location))
        return Promise.resolve()
      }
    },
    async oldCopy() {
      if (kept === undefined || random.chance(0.5)) kept = await copied()
      // Each under a name of its own: none may be another name of the store.
      const copy = `${kept}.restored-${++copies}`
      copyFileSync(kept, copy)
      return copy
    },
  }
}
