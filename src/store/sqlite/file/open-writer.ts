import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { RevocadeError } from '../../../errors.js'
import { toRevocadeError } from '../errors.js'
import { type Connection, openDatabase, SqliteError } from './driver.js'
import { fileIdentity, fileSize } from './identity.js'
import { APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION } from './schema.js'

/** What the write connection is opened with. Plain data: it crosses into the write thread. */
export interface ConnectOptions {
  readonly path: string
  readonly namespace: string
  readonly secret: Uint8Array | undefined
  /** False: a missing or empty file is an error (it was there before). */
  readonly create: boolean
  /** The file that it has to be, where it was open before. See `fileIdentity`. */
  readonly identity?: string | undefined
  /** How long a commit waits for another process's lock, in milliseconds. */
  readonly busyTimeoutMs: number
  /** How long past its expiry a revocation is honoured still, in seconds. */
  readonly toleranceSeconds: number
  /** Tests only: SQLite reports a full disk past this many pages. */
  readonly maxPageCount?: number | undefined
}

/** An open write connection and what it found. */
export interface Connected {
  readonly db: Connection
  readonly id: string
  readonly key: Uint8Array
  readonly namespaceId: number
  /** See `fileIdentity`. */
  readonly identity: string
  readonly synchronous: number
  readonly journalMode: string
  readonly sqliteVersion: string
}

/**
 * Opens the store for writing: validates what is there without touching it, then creates, migrates and makes sure
 * that the connection will commit durably.
 *
 * Throws `ERR_STORE_UNAVAILABLE`, `ERR_STORE_CORRUPT`, `ERR_STORE_MISMATCH`.
 */
export function connect(options: ConnectOptions): Connected {
  const { path } = options
  let db: Connection | undefined
  try {
    checkPath(path, options.create)
    const before = fileIdentity(path)
    if (options.identity !== undefined && before !== options.identity)
      throw unavailable(path, 'it was replaced')
    validateFile(path)
    db = openDatabase(path, { fileMustExist: !options.create, timeout: options.busyTimeoutMs })
    const durability = makeDurable(db, options.busyTimeoutMs)
    migrate(db)
    const opened = {
      db,
      ...identify(db, options.secret),
      namespaceId: namespaceId(db, options.namespace),
      identity: fileIdentity(path) ?? '',
      ...durability,
      sqliteVersion: String(db.prepare<[], string>('SELECT sqlite_version()').pluck().get()),
    }
    if (opened.identity === '' || (before !== undefined && before !== opened.identity)) {
      throw unavailable(path, 'it was replaced meanwhile. Try again')
    }
    if (options.maxPageCount !== undefined) db.pragma(`max_page_count = ${options.maxPageCount}`)
    return opened
  } catch (error) {
    db?.close()
    throw toRevocadeError(error, 'open', path)
  }
}

const unavailable = (path: string, why: string, cause?: unknown): RevocadeError =>
  new RevocadeError('ERR_STORE_UNAVAILABLE', `The store ${path} can't be opened: ${why}.`, { cause })

function checkPath(path: string, create: boolean): void {
  let stat
  try {
    stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined && !statSync(dirname(path)).isDirectory()) {
      throw unavailable(path, `${dirname(path)} is no directory`)
    }
  } catch (error) {
    if (error instanceof RevocadeError) throw error
    throw unavailable(path, 'its directory does not exist or may not be read. Create it first', error)
  }
  if (stat?.isDirectory() === true) throw unavailable(path, 'it is a directory. Name a file in it')
  if (!create && (stat === undefined || stat.size === 0)) {
    throw unavailable(
      path,
      `the file ${stat === undefined ? 'is gone' : 'was emptied'}. Restore it from a backup`,
    )
  }
}

/** SQLite takes a file shorter than this for an empty one, and would write over it. */
const SMALLEST_PAGE = 512

/** Refuses what is no store of ours, before anything is written to it. */
export function validateFile(path: string): void {
  const size = fileSize(path)
  if (size === 0) return
  if (size < SMALLEST_PAGE) {
    throw new RevocadeError(
      'ERR_STORE_CORRUPT',
      `The store ${path} is no SQLite database, but ${size} bytes of something else. It is left as it was.`,
    )
  }
  // Where a log is waiting, a writing connection would fold it into the file on closing. Where there is none, only
  // a writing connection takes the empty one away again that opening creates. Neither changes the file so.
  const readonly = fileSize(`${path}-wal`) > 0
  const db = openDatabase(path, { readonly, fileMustExist: true, timeout: 250 })
  try {
    // One snapshot: another process may be making a store of an empty file between two reads.
    db.transaction(() => validate(db, path))()
  } catch (error) {
    throw toRevocadeError(error, 'open', path)
  } finally {
    db.close()
  }
}

const corrupt = (how: string): RevocadeError =>
  new RevocadeError('ERR_STORE_CORRUPT', `The store ${how}. Restore it from a backup.`)

function validate(db: Connection, path: string): void {
  const applicationId = db.pragma('application_id', { simple: true })
  const version = Number(db.pragma('user_version', { simple: true }))
  const tables = db.prepare<[], string>('SELECT name FROM sqlite_schema').pluck().all()
  if (applicationId !== APPLICATION_ID) {
    if (applicationId === 0 && version === 0 && tables.length === 0) return // empty: becomes a store
    throw new RevocadeError(
      'ERR_STORE_MISMATCH',
      `${path} is a database of another application. Choose another file for the store.`,
    )
  }
  if (version > SCHEMA_VERSION) {
    throw new RevocadeError(
      'ERR_STORE_MISMATCH',
      `The store ${path} has schema version ${version}, newer than this ` +
        `version of revocade knows (${SCHEMA_VERSION}). Update the package, or choose another file.`,
    )
  }
  const needed = ['revocations', 'head', 'epochs', 'namespaces', 'meta', ...(version < 2 ? [] : ['buckets'])]
  if (!needed.every((table) => tables.includes(table))) {
    throw corrupt('lacks some of its tables')
  }
}

/** WAL and FULL sync, set and read back: an acknowledged revocation must survive a power failure. */
function makeDurable(db: Connection, busyTimeoutMs: number): { journalMode: string; synchronous: number } {
  const journalMode = retryBusy(busyTimeoutMs, () =>
    String(db.pragma('journal_mode = WAL', { simple: true })),
  )
  db.pragma('synchronous = FULL')
  db.pragma('trusted_schema = OFF')
  db.pragma('cell_size_check = ON')
  db.pragma('cache_size = -65536') // 64 MB: random digests touch many pages
  db.pragma('journal_size_limit = 67108864')
  const synchronous = Number(db.pragma('synchronous', { simple: true }))
  if (journalMode !== 'wal' || synchronous !== 2) {
    throw new RevocadeError(
      'ERR_STORE_UNAVAILABLE',
      `SQLite refuses durable commits here (journal_mode ${journalMode}, ` +
        `synchronous ${synchronous}). Put the store on a local file system that supports WAL mode.`,
    )
  }
  return { journalMode, synchronous }
}

/** Switching to WAL does not wait for another process that is doing the same: SQLite answers BUSY at once. */
function retryBusy<T>(timeoutMs: number, attempt: () => T): T {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      const busy = error instanceof SqliteError && error.code.startsWith('SQLITE_BUSY')
      if (!busy || performance.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

function migrate(db: Connection): void {
  const from = Number(db.pragma('user_version', { simple: true }))
  if (from === SCHEMA_VERSION) return
  db.transaction(() => {
    const version = Number(db.pragma('user_version', { simple: true })) // another process may have been faster
    for (const step of MIGRATIONS.slice(version)) db.exec(step)
    db.pragma(`application_id = ${APPLICATION_ID}`)
    db.pragma(`user_version = ${SCHEMA_VERSION}`)
  }).immediate()
}

/** Proves that a key is the one of a store, without being of use to anyone who reads it there. */
const checkValue = (key: Uint8Array): Buffer =>
  createHash('sha256').update('revocade digest key check\0').update(key).digest().subarray(0, 8)

/** The store's id and digest key; on the first opening both are decided. */
function identify(db: Connection, secret: Uint8Array | undefined): { id: string; key: Uint8Array } {
  if (secret !== undefined && secret.length !== 16)
    throw new RevocadeError('ERR_CONFIG', 'A digest key has 16 bytes.')
  const get = db.prepare<[key: string], Buffer | string>('SELECT value FROM meta WHERE key = ?').pluck()
  const put = db.prepare('INSERT INTO meta VALUES (?, ?)')
  const text = (name: string): string => get.get(name)?.toString() ?? ''
  if (get.get('id') === undefined) {
    db.transaction(() => {
      if (get.get('id') !== undefined) return
      if (db.prepare<[], number>('SELECT seq FROM head').pluck().get() !== 0) {
        throw corrupt('has lost its identity')
      }
      put.run('id', Buffer.from(randomBytes(12).toString('base64url')))
      put.run('created_at', Buffer.from(new Date().toISOString()))
      if (secret === undefined) put.run('key', randomBytes(16))
      else put.run('key_check', checkValue(secret))
    }).immediate()
  }
  const id = text('id')
  const kept = get.get('key')
  const check = get.get('key_check')
  if (Buffer.isBuffer(kept) && kept.length === 16) {
    if (secret === undefined || timingSafeEqual(kept, secret)) return { id, key: Uint8Array.from(kept) }
    throw new RevocadeError(
      'ERR_STORE_MISMATCH',
      'This store has a digest key of its own, but a `secret` is ' +
        'configured: none of its revocations would be found. Remove the secret, or start a new store with it.',
    )
  }
  if (!Buffer.isBuffer(check) || check.length !== 8) {
    throw corrupt('has lost its digest key')
  }
  if (secret === undefined) {
    throw new RevocadeError(
      'ERR_STORE_MISMATCH',
      'This store was made with a `secret`, and none is configured: ' +
        'none of its revocations would be found. Configure the same secret.',
    )
  }
  if (!timingSafeEqual(check, checkValue(secret))) {
    throw new RevocadeError(
      'ERR_STORE_MISMATCH',
      'This store was made with another `secret`: none of its revocations ' +
        'would be found. Configure the one it was made with.',
    )
  }
  return { id, key: Uint8Array.from(secret) }
}

function namespaceId(db: Connection, name: string): number {
  const find = db.prepare<[name: string], number>('SELECT id FROM namespaces WHERE name = ?').pluck()
  const known = find.get(name)
  if (known !== undefined) return known
  db.prepare('INSERT INTO namespaces (name) VALUES (?) ON CONFLICT DO NOTHING').run(name)
  const made = find.get(name)
  if (made === undefined) throw corrupt('has a damaged table of namespaces')
  return made
}
