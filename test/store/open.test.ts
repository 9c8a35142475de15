import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { RevocadeError } from 'revocade'
import { beforeAll, describe, expect, it } from 'vitest'
import { assertDriverFits } from '#dist/store/sqlite/file/driver.js'
import { checkIntegrity, SqliteStore } from '#dist/store/sqlite/index.js'
import { collect, digestOf, openStore, revoke, wordsOf } from '#dist/testing/store/fixtures.js'
import { Child } from '../support/process.js'
import { open, sha256 } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'

const ENDINGS = ['', '-lock']
/** Closed stores, by their number of rows. */
const made = new Map<number, string>()

beforeAll(async () => {
  for (const rows of [3, 10, 2000, 20_000]) {
    const path = join(temporaryDirectory(), 'store.db')
    const store = new SqliteStore(path, { integrityCheckDelayMs: Infinity })
    await openStore(store)
    await store.write(Array.from({ length: rows }, (_, i) => revoke(i)))
    await store.close()
    made.set(rows, path)
  }
})

/** A closed store with a few rows: a copy of one that was made once, with all that closing leaves. */
function sample(rows = 2000): string {
  const [from = '', path] = [made.get(rows), join(temporaryDirectory(), 'store.db')]
  for (const ending of ENDINGS) copyFileSync(from + ending, path + ending)
  return path
}

function edit(path: string, run: (db: Database.Database) => void): void {
  const db = new Database(path)
  run(db)
  db.close()
}

const overwrite = (path: string, at: number, bytes: Buffer): void => {
  const content = readFileSync(path)
  bytes.copy(content, at)
  writeFileSync(path, content)
}

describe('a file that is no sound store is refused and left as it was', () => {
  const cases: [what: string, code: string, spoil: (path: string) => void][] = [
    ['text', 'ERR_STORE_CORRUPT', (path) => writeFileSync(path, 'users: []\n'.repeat(1000))],
    ['a few bytes', 'ERR_STORE_CORRUPT', (path) => writeFileSync(path, 'x')],
    ['zeros', 'ERR_STORE_CORRUPT', (path) => writeFileSync(path, Buffer.alloc(8192))],
    ['a damaged header', 'ERR_STORE_CORRUPT', (path) => overwrite(path, 0, Buffer.from('nothing'))],
    ['a file cut in half', 'ERR_STORE_CORRUPT', (path) => truncateSync(path, readFileSync(path).length / 2)],
    ['a damaged schema page', 'ERR_STORE_CORRUPT', (path) => overwrite(path, 100, Buffer.alloc(3000, 0xab))],
    ['a missing table', 'ERR_STORE_CORRUPT', (path) => edit(path, (db) => db.exec('DROP TABLE epochs'))],
    [
      'a missing column',
      'ERR_STORE_CORRUPT',
      (path) => edit(path, (db) => db.exec('ALTER TABLE revocations DROP COLUMN actor')),
    ],
    [
      'a lost key',
      'ERR_STORE_CORRUPT',
      (path) => edit(path, (db) => db.exec(`DELETE FROM meta WHERE key = 'key'`)),
    ],
    ['a lost id', 'ERR_STORE_CORRUPT', (path) => edit(path, (db) => db.exec('DELETE FROM meta'))],
    ['a newer schema', 'ERR_STORE_MISMATCH', (path) => edit(path, (db) => db.pragma('user_version = 5'))],
    [
      "another application's database",
      'ERR_STORE_MISMATCH',
      (path) => edit(path, (db) => db.pragma('application_id = 1')),
    ],
    [
      'tables of nobody in particular',
      'ERR_STORE_MISMATCH',
      (path) => {
        writeFileSync(path, '')
        edit(path, (db) => db.exec('CREATE TABLE users (name)'))
      },
    ],
  ]
  it.each(cases)('%s: %s', async (_what, code, spoil) => {
    const path = sample()
    spoil(path)
    const before = sha256(path)
    await expect(open(path)).rejects.toMatchObject({ code, name: 'RevocadeError' })
    expect(sha256(path)).toBe(before)
    expect(readdirSync(join(path, '..')).sort()).toEqual(['store.db', 'store.db-lock'])
    await expect(open(path)).rejects.toMatchObject({ code })
  })
})

describe('a place where no store can be is refused', () => {
  it.each<[what: string, make: (dir: string) => string]>([
    ['a directory', (dir) => dir],
    ['a missing directory', (dir) => join(dir, 'missing', 'store.db')],
    [
      'a file as directory',
      (dir) => {
        writeFileSync(join(dir, 'file'), '')
        return join(dir, 'file', 'store.db')
      },
    ],
    ['a place where nothing can be created', () => '/proc/self/store.db'],
  ])('%s', async (_what, make) => {
    await expect(open(make(temporaryDirectory()))).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  })

  it.each(['', ':memory:', 'file:store.db'])('the name %j', (name) => {
    expect(() => new SqliteStore(name)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }))
  })
})

describe('opening', () => {
  it('creates a store in an empty file, or a new one', async () => {
    const path = join(temporaryDirectory(), 'store.db')
    writeFileSync(path, '')
    expect((await open(path)).stats().seq).toBe(0)
    expect((await open(join(temporaryDirectory(), 'new.db'))).stats().seq).toBe(0)
  })

  it('leaves one file on closing, complete without its log', async () => {
    const path = sample(10)
    expect(readdirSync(join(path, '..')).sort()).toEqual(['store.db', 'store.db-lock'])
    const copy = join(temporaryDirectory(), 'copy.db')
    copyFileSync(path, copy)
    expect((await open(copy)).get(wordsOf(digestOf(9)))?.revoked).toBe(true)
  })

  it('commits durably: WAL with full synchronisation, read back', async () => {
    const store = await open(join(temporaryDirectory(), 'store.db'))
    expect(store.stats()).toMatchObject({
      kind: 'sqlite',
      journalMode: 'wal',
      synchronous: 'full',
      schemaVersion: 4,
    })
  })

  it('by several at the same time creates one store', async () => {
    const path = join(temporaryDirectory(), 'store.db')
    const stores = await Promise.all([1, 2, 3, 4].map(() => open(path)))
    expect(new Set(stores.map((store) => store.stats().id)).size).toBe(1)
  })

  it('resolves a link to its file', async () => {
    const path = sample(3)
    const link = join(temporaryDirectory(), 'link.db')
    symlinkSync(path, link)
    const store = await open(link)
    expect(store.stats().path).toBe(path)
    expect(store.snapshotPath).toBe(`${path}-l0`)
    expect(existsSync(`${link}-lock`)).toBe(false)
  })

  it('refuses use before open, and a second open', async () => {
    const store = new SqliteStore(join(temporaryDirectory(), 'store.db'))
    expect(() => store.get(new Int32Array(4))).toThrow(
      expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' }),
    )
    const opened = await open(join(temporaryDirectory(), 'store.db'))
    await expect(opened.open({} as never)).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })

  it('refuses a driver that would end the process', () => {
    expect(() => assertDriverFits('13.2.0', '9')).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }))
    expect(() => assertDriverFits('13.2.0', '10')).not.toThrow()
    expect(() => assertDriverFits('12.11.1', '9')).not.toThrow()
  })
})

describe('integrity', () => {
  let lastPage = Buffer.alloc(0)
  /** Damages a page that opening does not read: the last one. */
  function damaged(): string {
    const path = sample(20_000)
    lastPage = readFileSync(path).subarray(-4096)
    overwrite(path, readFileSync(path).length - 4096, Buffer.alloc(4096, 0x5a))
    return path
  }
  const settled = async (store: SqliteStore): Promise<unknown> => {
    while (store.stats().integrity === 'pending') await new Promise((resolve) => setTimeout(resolve, 10))
    return store.stats().integrity
  }

  it('is checked in the background', async () => {
    const store = await open(sample(), { integrityCheckDelayMs: 0 })
    expect(store.stats().integrity).toBe('pending')
    expect(await settled(store)).toBe('ok')
  })

  it('stops the store if it is broken', async () => {
    const logged: string[] = []
    const silent = (): void => undefined
    const error = (_: object, message: string): void => void logged.push(message)
    const logger = { debug: silent, info: silent, warn: silent, error }
    const store = await open(damaged(), { integrityCheckDelayMs: 0 }, { logger })
    expect(await settled(store)).toBe('failed')
    expect(logged).toHaveLength(1)
    const corrupt = { code: 'ERR_STORE_CORRUPT' }
    expect(() => store.get(wordsOf(digestOf(1)))).toThrow(expect.objectContaining(corrupt))
    expect(() => store.poll({ seq: 0, epoch: '' }, 10)).toThrow(expect.objectContaining(corrupt))
    await expect(store.write([revoke(1)])).rejects.toMatchObject(corrupt)
  })

  it('is checked again when a read meets damage', async () => {
    const path = sample(20_000)
    const store = await open(path, { integrityCheckDelayMs: 0 })
    expect(await settled(store)).toBe('ok')
    // Some pages in the middle, past SQLite: the engine finds the file's head as it was.
    const file = openSync(path, 'r+')
    const half = Math.floor(fstatSync(file).size / 8192) * 4096
    for (let at = 0; at < 400; at++) writeSync(file, Buffer.alloc(4096, 0x5a), 0, 4096, half + at * 4096)
    closeSync(file)
    const damage = expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }) as unknown
    let n = 0
    expect(() => {
      for (; n < 20_000; n++) store.get(wordsOf(digestOf(n)))
    }).toThrow(damage)
    const integrity = (): unknown => {
      // The thread of the first check may not have ended yet: only a later read then has the file checked.
      expect(() => store.get(wordsOf(digestOf(n)))).toThrow(damage)
      return store.stats().integrity
    }
    await expect.poll(integrity, { timeout: 60_000 }).toBe('failed')
    expect(() => store.get(wordsOf(digestOf(1)))).toThrow(damage)
  })

  it('is checked again while it is broken, and a store that was mended in place is used again', async () => {
    const path = damaged()
    const store = await open(path, { integrityCheckDelayMs: 0, integrityRetryMs: 50 })
    const at = { seq: 20_000, epoch: 'x' }
    const poll = async (): Promise<unknown> => {
      try {
        return (await store.poll(at, 10)).status
      } catch (error) {
        return error instanceof RevocadeError ? error.code : error
      }
    }
    await expect.poll(poll).toBe('ERR_STORE_CORRUPT')
    // The very page: the file's head stays, so that nothing else tells of it.
    const file = openSync(path, 'r+')
    writeSync(file, lastPage, 0, 4096, fstatSync(file).size - 4096)
    closeSync(file)
    await expect.poll(poll, { timeout: 60_000 }).toBe('diverged')
    await store.write([revoke(20_001)])
    expect(store.get(wordsOf(digestOf(20_001)))?.revoked).toBe(true)
    expect(store.get(wordsOf(digestOf(1)))?.revoked).toBe(true)
    await expect
      .poll(() => store.stats(), { timeout: 60_000 })
      .toMatchObject({ integrity: 'ok', fault: null })
  })

  it('may be under examination when the store is closed: the process goes on', async () => {
    const script = new URL('close-while-checking.mjs', import.meta.url)
    const child = new Child(script, [damaged(), temporaryDirectory()])
    await child.ended
    expect(child.complaints).toBe('')
    expect(child.process.exitCode).toBe(0)
  })

  it('is checked by checkIntegrity without an engine', () => {
    expect(checkIntegrity(sample(), true)).toEqual([])
    expect(checkIntegrity(damaged()).length).toBeGreaterThan(0)
    const swapped = sample(10)
    edit(swapped, (db) => {
      db.unsafeMode()
      db.pragma('writable_schema = ON')
      db.exec(`UPDATE sqlite_schema SET sql =
        replace(sql, 'UNIQUE (namespace, digest)', 'UNIQUE (digest, namespace)')`)
    })
    expect(checkIntegrity(swapped, true).length).toBeGreaterThan(0)
    expect(() => checkIntegrity(join(temporaryDirectory(), 'missing.db'))).toThrow(
      expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' }),
    )
  })

  it('rejects a scan that meets a damaged page', async () => {
    const path = sample(20_000)
    const content = readFileSync(path)
    for (let at = 4096 * Math.floor(content.length / 8192); at < content.length; at += 4096)
      content.fill(0x5a, at, at + 2048)
    writeFileSync(path, content)
    const store = await open(path)
    await expect(collect(store.scan(0))).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT' })
  })
})
