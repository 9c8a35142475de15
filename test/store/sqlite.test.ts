import { join } from 'node:path'
import { describe, it } from 'vitest'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { storeSuite } from '#dist/testing/store/suite.js'
import { temporaryDirectory } from '../support/temp.js'

storeSuite({ describe, it }, 'SQLite', {
  make() {
    const directory = temporaryDirectory()
    return Promise.resolve({
      connect: () => new SqliteStore(join(directory, 'store.db')),
      dispose: () => Promise.resolve(),
    })
  },
})
