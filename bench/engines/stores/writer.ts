import { PostgresStore } from '#dist/store/postgres/index.js'
import { openStore } from '#dist/testing/store/fixtures.js'
import { revocation } from './calls.js'

// A process of the case `postgres-write`: revokes for as long as each message says, answers with the count.

const IN_FLIGHT = 64

const store = new PostgresStore(process.argv[2] ?? '', { writeTimeoutMs: 60_000 })
await openStore(store)
process.on('message', (ms: number) => {
  const end = performance.now() + ms
  let written = 0
  const one = async (): Promise<void> => {
    for (; performance.now() < end; written++) await store.write([revocation()])
  }
  void Promise.all(Array.from({ length: IN_FLIGHT }, one)).then(() => process.send?.(written))
})
process.once('disconnect', () => void store.close())
process.send?.('ready')
