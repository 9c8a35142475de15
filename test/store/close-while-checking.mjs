// Closes a damaged store again and again while a thread examines it. Arguments: the path of the store, a folder.
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { importBuilt } from '../support/package-under-test.mjs'

const { SqliteStore } = await importBuilt('store/sqlite/index.js')
const [, , damaged, folder] = process.argv
const logger = { debug() {}, info() {}, warn() {}, error() {} }

for (let delayMs = 0; delayMs < 150; delayMs += 10) {
  const path = join(folder, `${delayMs}.db`)
  copyFileSync(damaged, path)
  const store = new SqliteStore(path, { integrityCheckDelayMs: 0 })
  await store.open({
    namespace: 'default',
    exclusive: false,
    purgeGraceSeconds: 0,
    clock: { now: Date.now },
    logger,
  })
  await sleep(delayMs)
  await store.close()
}
