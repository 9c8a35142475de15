import { realpathSync } from 'node:fs'
import Database from 'better-sqlite3'
import { type Fault, losing, onFiles } from '../fault.js'
import { fileOf } from '../scene.js'

export const fileBackedUpOver: Fault = {
  name: "SQLite's backup restores an older copy into the file",
  appliesTo: onFiles,
  async inject(scene) {
    const copy = new Database(await fileOf(scene).oldCopy(), { readonly: true })
    await copy.backup(realpathSync(scene.store.location))
    copy.close()
  },
  expected: losing,
}
