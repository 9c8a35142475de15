import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PostgresStore } from '#dist/store/postgres/index.js'
import { storeSuite } from '#dist/testing/store/suite.js'
import { startPgBouncer } from '../support/postgres/pgbouncer.js'
import { type PostgresServer, startPostgres } from '../support/postgres/server.js'
import { temporaryDirectory } from '../support/temp.js'

const folder = temporaryDirectory()
let postgres: PostgresServer
let port = 0
let stop = (): Promise<void> => Promise.resolve()
beforeAll(async () => {
  postgres = await startPostgres()
  ;({ port, stop } = await startPgBouncer(postgres, folder))
})
afterAll(async () => {
  await stop()
  await postgres.stop()
})

describe('behind PgBouncer in transaction mode', () => {
  storeSuite({ describe, it }, 'PostgreSQL', {
    make() {
      const url = postgres.url(undefined, port)
      return Promise.resolve({
        connect: () => new PostgresStore(url),
        dispose: () => Promise.resolve(),
      })
    },
  })

  it('PgBouncer is what answers', () => {
    expect(port).toBeGreaterThan(0)
    expect(port).not.toBe(postgres.port)
  })
})
