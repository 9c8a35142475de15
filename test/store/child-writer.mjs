// Revokes tokens `first`, `first + 1`, … in a store, and prints each once it is acknowledged.
import { resolveStore } from '#dist/store/resolve.js'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { openStore, revoke } from '#dist/testing/store/fixtures.js'

const [path = '', first = '0', count = '0'] = process.argv.slice(2)
const store = path.includes('://')
  ? await resolveStore(path)
  : new SqliteStore(path, { integrityCheckDelayMs: Infinity })
try {
  await openStore(store)
} catch (error) {
  console.log(error.code)
  process.exit(1)
}
process.stdout.write('ready\n')
const end = Number(first) + Number(count)
let next = Number(first)

async function run() {
  while (next < end) {
    const n = next++
    try {
      const { written } = await store.write([revoke(n)])
      process.stdout.write(`${written[0].seq} ${n}\n`)
    } catch (error) {
      process.stdout.write(`${error.code} ${n}\n`)
    }
  }
}

await Promise.all(Array.from({ length: 8 }, run))
await store.close()
