import pg from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { optionsFromEnvironment } from '#dist/default-engine.js'
import { PostgresStore } from '#dist/store/postgres/index.js'
import { travels } from '../permissions/travel.js'
import { undoesOnPage } from '../server/undo-on-page.js'
import { open, verdict } from '../support/engine.js'
import { ourError } from '../support/errors.js'
import { type PostgresServer, startPostgres } from '../support/postgres/server.js'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

const NOW = Math.floor(Date.now() / 1000)
const token = (jti: string) => ({ jti, iss: 'i', exp: NOW + 3600 })

it('a revocation reaches the engines of other processes, and those opened later', async () => {
  const store = postgres.url()
  const one = await open({ store, maxStalenessMs: 50 })
  const other = await open(optionsFromEnvironment({ REVOCADE_STORE: store, REVOCADE_MAX_STALENESS_MS: '50' }))
  expect((await one.revoke(token('a'))).outcome).toBe('revoked')
  expect((await other.revoke(token('a'))).outcome).toBe('already')
  expect(await verdict(one, token('a'))).toBe('revoked')
  expect(await verdict(other, token('a'))).toBe('revoked')
  await expect.poll(() => verdict(other, token('b'))).toBe('active')
  const ofUser = { ...token('c'), sub: 'u', iat: NOW - 10 }
  await one.revokeWhere({ sub: 'u' }, { expiresAt: NOW + 3600 })
  await expect.poll(() => verdict(other, ofUser)).toBe('revoked')
  const third = await open({ store })
  expect(await verdict(third, token('a'))).toBe('revoked')
  expect((await third.unrevoke(token('a'))).outcome).toBe('unrevoked')
  await expect.poll(() => verdict(one, token('a'))).toBe('active')
  expect(third.stats().store).toMatchObject({ kind: 'postgres', seq: 4, schemaVersion: 2 })
})

it('revocations are taken back on the admin page, one and several at a time', () =>
  undoesOnPage(postgres.url()))

it('an invalidation of permissions travels, and is no revocation', async () => {
  const store = postgres.url()
  await travels(() => ({ store, maxStalenessMs: 100 }))
})

it('engines that start at once make one store', async () => {
  const store = postgres.url()
  const engines = await Promise.all(Array.from({ length: 6 }, () => open({ store })))
  expect(new Set(engines.map((engine) => engine.stats().store.id)).size).toBe(1)
  const tokens = Array.from({ length: 300 }, (_, i) => token(`t${i}`))
  const receipts = await Promise.all(
    engines.flatMap((engine) => tokens.map((claims) => engine.revoke(claims))),
  )
  expect(receipts.filter(({ outcome }) => outcome === 'revoked')).toHaveLength(tokens.length)
  expect(new Set(receipts.map(({ seq }) => seq)).size).toBe(receipts.length)
})

it('a revocation does not read the whole table, whatever the server thinks of its size', async () => {
  const store = postgres.url('plans')
  const first = await open({ store })
  await Promise.all(Array.from({ length: 4000 }, (_, i) => first.revoke(token(`t${i}`))))
  await first.close()
  // Connects before the server has counted the rows: its plans are those for a small table.
  const second = await open({ store })
  for (let i = 0; i < 300; i++) await second.revoke(token(`one after another ${i}`))
  // The end of a connection writes its statistics.
  await second.close()
  const blocks = async (): Promise<number> => {
    const [read] = await postgres.query(`SELECT heap_blks_hit + heap_blks_read
      FROM pg_statio_user_tables WHERE schemaname = 'plans' AND relname = 'revocations'`)
    return Number(read)
  }
  await expect.poll(blocks).toBeGreaterThan(4300)
  // A block or two for each row. The table has about 60: read whole each time, they are more than 18,000.
  expect(await blocks()).toBeLessThan(2 * 4300)
})

it("a program's own pool is used, whatever parsers it has, and is left open", async () => {
  const pool = new pg.Pool({ connectionString: postgres.url('public'), max: 4 })
  onTestFinished(() => pool.end())
  pg.types.setTypeParser(pg.types.builtins.INT8, BigInt)
  pg.types.setTypeParser(pg.types.builtins.JSON, () => 'parsed by the program')
  onTestFinished(() => {
    pg.types.setTypeParser(pg.types.builtins.INT8, String)
    pg.types.setTypeParser(pg.types.builtins.JSON, (text: string): unknown => JSON.parse(text))
  })
  const schema = 'with_a_pool'
  const engine = await open({ store: new PostgresStore(pool, { schema }) })
  await engine.revoke(token('a'))
  await engine.close()
  const again = await open({ store: new PostgresStore(pool, { schema }) })
  expect(await verdict(again, token('a'))).toBe('revoked')
  await again.close()
  expect(
    (await pool.query<{ n: bigint }>('SELECT count(*) AS n FROM with_a_pool.revocations')).rows[0]?.n,
  ).toBe(1n)
  expect(pool.totalCount - pool.idleCount).toBe(0)
})

it.each([
  ['postgres://app:hunter2@127.0.0.1:1/db', {}, 'ERR_STORE_UNAVAILABLE', 'no server listens there'],
  ['postgres://app:hunter2@nowhere.invalid/db', {}, 'ERR_STORE_UNAVAILABLE', 'opened'],
  ['postgres://app:hunter2@127.0.0.1:1/db?schema=Wrong', {}, 'ERR_CONFIG', "option 'schema'"],
  ['postgres://app:hunter2@127.0.0.1:1/db?shema=a', {}, 'ERR_CONFIG', "did you mean 'schema'?"],
  ['postgres://app:x?hunter2@127.0.0.1:1/db', {}, 'ERR_CONFIG', 'known: schema, sslmode,'],
  ['postgresql://app:hunter2@127.0.0.1:1/db', { exclusive: true }, 'ERR_CONFIG', "option 'exclusive'"],
  ['postgres://app:hunter2@h/db?sslrootcert=/no/such', {}, 'ERR_STORE_UNAVAILABLE', 'no such file'],
  ['postgres://app:hunter2@[/db', {}, 'ERR_STORE_UNAVAILABLE', 'Invalid URL'],
] as const)('refuses %s with %j, and tells no password', async (store, options, code, message) => {
  const error: unknown = await open({ store, ...options }).catch((error: unknown) => error)
  expect(error).toEqual(ourError(code, message))
  const all = []
  for (let at: unknown = error; at instanceof Error; at = at.cause) all.push(at.message, at.stack)
  expect(all.join()).not.toContain('hunter2')
})

it('refuses a schema of another application', async () => {
  await postgres.query('CREATE SCHEMA theirs; CREATE TABLE theirs.meta (key text, value bytea)')
  await expect(open({ store: postgres.url('theirs') })).rejects.toEqual(ourError('ERR_STORE_MISMATCH'))
})

it('refuses a schema of a newer version', async () => {
  const store = postgres.url('newer')
  await (await open({ store })).close()
  await postgres.query("UPDATE newer.meta SET value = '99' WHERE key = 'schema_version'")
  await expect(open({ store })).rejects.toEqual(ourError('ERR_STORE_MISMATCH', 'version 99'))
})

it('the defaults of a role do not weaken commits', async () => {
  await postgres.query(`CREATE ROLE careless LOGIN; GRANT CREATE ON DATABASE postgres TO careless;
    ALTER ROLE careless SET synchronous_commit = off;
    ALTER ROLE careless SET default_transaction_read_only = on;
    ALTER ROLE careless SET default_transaction_isolation = 'repeatable read'`)
  const store = postgres.url('careless').replace('postgres@', 'careless@')
  const engines = [await open({ store }), await open({ store })]
  const revoked = engines.flatMap((engine) =>
    Array.from({ length: 50 }, (_, i) => engine.revoke(token(`t${i}`))),
  )
  expect((await Promise.all(revoked)).filter(({ outcome }) => outcome === 'revoked')).toHaveLength(50)
})

it('a user without the privilege to create anything can use a store that is there', async () => {
  const store = postgres.url('ready')
  await (await open({ store })).close()
  await postgres.query(`CREATE ROLE modest LOGIN; GRANT USAGE ON SCHEMA ready TO modest;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ready TO modest`)
  const engine = await open({ store: store.replace('postgres@', 'modest@') })
  await engine.revoke(token('a'))
  expect(await verdict(engine, token('a'))).toBe('revoked')
})

it('a store that was dropped and made anew is not taken for the old one', async () => {
  const store = postgres.url('dropped')
  const engine = await open({ store, maxStalenessMs: 20, prefilter: { kind: 'none' } })
  await engine.revoke(token('a'))
  await postgres.query('DROP SCHEMA dropped CASCADE')
  await (await open({ store })).close()
  expect(await engine.check(token('a'))).toMatchObject({ status: 'unknown' })
  await expect(engine.revoke(token('b'))).rejects.toEqual(ourError('ERR_NOT_DURABLE', 'another store'))
})

it('expired rows are purged by one engine, and the history stays whole', async () => {
  const store = new PostgresStore(postgres.url('purged'))
  const engine = await open({ store, clockToleranceSeconds: 0 })
  await engine.revokeMany(
    Array.from({ length: 10_000 }, (_, i) => ({
      iss: 'i',
      jti: `t${i}`,
      expiresAt: NOW + (i < 9000 ? 600 : 3600),
    })),
  )
  await postgres.query(`UPDATE purged.revocations SET expires_at = 1000 WHERE expires_at < ${NOW + 700}`)
  expect(await store.purge()).toBe(9000)
  expect(await verdict(engine, token('t9500'))).toBe('revoked')
  const { seq } = await engine.revoke(token('new'))
  expect(seq).toBe(10_001)
})
