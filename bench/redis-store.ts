// Measures the Redis store beside plain `SET … EX` on the same server, for docs/redis-store.md:
//
//     npm run bench:build && node build/bench/redis-store.js [rounds]
//
// Each round starts two servers, with appendfsync everysec and always, and measures on both by turns. Trust
// the ratios of a round, not its rates.
import { randomBytes, randomUUID } from 'node:crypto'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Mutation } from '#dist/ports/index.js'
import { RedisStore } from '#dist/store/redis/index.js'
import { openStore } from '#dist/testing/store/fixtures.js'
import { RedisServer } from './harness/redis-server.js'

const IN_FLIGHT = 256
const SLICE_MS = 150
const SLICES = 12
const WARM_UP = 2
const ENTRIES = 100_000
const EXPIRES_AT = Math.floor(Date.now() / 1000) + 3600

/** The revocation of a token with a UUID as its `jti`. */
function revocation(): Mutation {
  const target = { kind: 'id', claim: 'jti', id: randomUUID(), iss: 'https://issuer.example' } as const
  return { op: 'revoke', digest: randomBytes(16), target, expiresAt: EXPIRES_AT, revokedAt: Date.now() }
}

/** Calls a second, with so many in flight. */
async function rate(inFlight: number, ms: number, call: () => Promise<unknown>): Promise<number> {
  const end = performance.now() + ms
  let calls = 0
  const worker = async (): Promise<void> => {
    for (; performance.now() < end; calls++) await call()
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return (calls / ms) * 1000
}

type Rates = Record<'set' | 'grouped' | 'setAlone' | 'alone', number>

/** Measures by turns, in short slices: what else the machine does then meets all of them alike. */
async function measure(servers: readonly RedisServer[]): Promise<Rates[]> {
  const stores = servers.map(({ url }) => new RedisStore(url))
  for (const store of stores) await openStore(store)
  const rates = servers.map((): Rates => ({ set: 0, grouped: 0, setAlone: 0, alone: 0 }))
  for (let slice = -WARM_UP; slice < SLICES; slice++) {
    for (const [i, server] of servers.entries()) {
      const set = (): Promise<unknown> => server.client.set(`blacklist:${randomUUID()}`, '1', 'EX', 3600)
      const write = async (): Promise<unknown> => stores[i]?.write([revocation()])
      const found = {
        set: await rate(IN_FLIGHT, SLICE_MS, set),
        grouped: await rate(IN_FLIGHT, SLICE_MS, write),
        setAlone: await rate(1, SLICE_MS, set),
        alone: await rate(1, SLICE_MS, write),
      }
      const sum = rates[i]
      if (slice < 0 || sum === undefined) continue
      for (const name of ['set', 'grouped', 'setAlone', 'alone'] as const) sum[name] += found[name] / SLICES
    }
  }
  for (const store of stores) await store.close()
  return rates
}

/** Milliseconds until 64 KiB are on the disk: what `appendfsync always` adds to a batch. */
function syncMs(): number {
  const folder = mkdtempSync(join(tmpdir(), 'revocade-bench-'))
  const file = openSync(join(folder, 'file'), 'w')
  const times = Array.from({ length: 51 }, () => {
    writeSync(file, Buffer.alloc(65_536, 1))
    const started = performance.now()
    fdatasyncSync(file)
    return performance.now() - started
  })
  closeSync(file)
  rmSync(folder, { recursive: true })
  return times.sort((a, b) => a - b)[25] ?? NaN
}

/** Bytes that the server needs for one revocation, the log and the index included. */
async function bytesEach(): Promise<number> {
  await using server = await RedisServer.start(['--appendonly', 'yes'])
  const store = new RedisStore(server.url)
  await openStore(store)
  const before = await server.usedMemory()
  for (let done = 0; done < ENTRIES; done += 1000) await store.write(Array.from({ length: 1000 }, revocation))
  await store.close()
  await server.client.script('FLUSH')
  return ((await server.usedMemory()) - before) / ENTRIES
}

const NONE: Rates = { set: NaN, grouped: NaN, setAlone: NaN, alone: NaN }

async function round(): Promise<Record<string, number>> {
  await using everysec = await RedisServer.start(['--appendonly', 'yes', '--appendfsync', 'everysec'])
  await using always = await RedisServer.start(['--appendonly', 'yes', '--appendfsync', 'always'])
  const [a = NONE, b = NONE] = await measure([everysec, always])
  return {
    'SET EX a second, everysec': a.set,
    'grouped ÷ SET EX, everysec': a.grouped / a.set,
    'grouped ÷ SET EX, always': b.grouped / b.set,
    'grouped, always ÷ everysec': b.grouped / a.grouped,
    'SET EX ÷ revocation, one in flight, everysec': a.setAlone / a.alone,
    'SET EX ÷ revocation, one in flight, always': b.setAlone / b.alone,
    'bytes a revocation': await bytesEach(),
    'one fdatasync of 64 KiB, milliseconds': syncMs(),
  }
}

const rounds: Record<string, number>[] = []
for (let n = Number(process.argv[2] ?? 5); n > 0; n--) rounds.push(await round())
for (const name of Object.keys(rounds[0] ?? {})) {
  const values = rounds.map((one) => one[name] ?? NaN).sort((a, b) => a - b)
  const [least = NaN, median = NaN, most = NaN] = [0, values.length >> 1, values.length - 1].map(
    (i) => values[i],
  )
  console.log(`${name.padEnd(46)} ${[median, least, most].map((value) => value.toPrecision(3)).join('  ')}`)
}
console.log(`(median, least and most of ${rounds.length} rounds)`)
