// Counts up in the one row of refresh tokens of a store, up to `last`, against other processes that do the same:
// the commit of a number puts the row, revokes the token of that number and keeps a salt. Prints each number
// that it won.
import { resolveStore } from '#dist/store/resolve.js'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { openStore, revoke } from '#dist/testing/store/fixtures.js'
import { bytes, familyOf, session } from '#dist/testing/store/session-fixtures.js'

const [path = '', last = '0'] = process.argv.slice(2)
const store = path.includes('://')
  ? await resolveStore(path)
  : new SqliteStore(path, { integrityCheckDelayMs: Infinity })
await openStore(store)
const { sessions } = store
process.stdout.write('ready\n')
const family = familyOf(1)
for (;;) {
  const row = await sessions.get(family)
  const n = Number(Buffer.from(row?.state ?? '').toString() || 0) + 1
  if (n > Number(last)) break
  const commit = {
    conditions: [{ family, version: row?.version ?? 0 }],
    put: [session(1, { state: Buffer.from(`${n}`) })],
    mutations: [revoke(n)],
    salt: { minute: n, salt: bytes(16) },
  }
  if ((await sessions.commit(commit)) !== undefined) process.stdout.write(`${n}\n`)
}
await store.close()
