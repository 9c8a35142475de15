import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { storeSuite } from '#dist/testing/store/suite.js'

storeSuite({ describe, it }, 'SQLite', {
  async make() {
    const directory = await mkdtemp(join(tmpdir(), 'revocade-'))
    return {
      connect: () => new SqliteStore(join(directory, 'store.db')),
      dispose: () => rm(directory, { recursive: true }),
    }
  },
})
