import { afterAll, beforeAll, describe, it } from 'vitest'
import { PostgresStore } from '#dist/store/postgres/index.js'
import { storeSuite } from '#dist/testing/store/suite.js'
import { type PostgresServer, startPostgres } from '../support/postgres/server.js'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

storeSuite({ describe, it }, 'PostgreSQL', {
  make() {
    const url = postgres.url()
    return Promise.resolve({
      connect: () => new PostgresStore(url),
      backup: () => postgres.backup(url),
      dispose: () => Promise.resolve(),
    })
  },
})
