import { RevocadeError } from '../../../errors.js'
import { toRevocadeError } from '../errors.js'
import { retryBusy } from './busy.js'
import { type Connection, openDatabase } from './driver.js'
import {
  areSameFiles,
  type FileIdentities,
  fileIdentities,
  fileIdentity,
  takenAway,
} from './file-identity.js'
import { APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION } from './schema.js'
import { findNamespace, identifyStore, type NamespaceIdentity } from './store-identity.js'
import type { StorePath } from './store-path.js'
import { raiseTolerance } from './tolerance.js'
import { cannotOpen, validateFile } from './validate-file.js'
import { validatePlace } from './writable.js'

/** What the write connection is opened with. Plain data: it crosses into the write thread. */
export interface WriterOptions {
  readonly place: StorePath
  readonly namespace: string
  readonly secret: Uint8Array | undefined
  /** False: a missing or empty file is an error, because it was there before. */
  readonly create: boolean
  /** The files that must stand at the path, if they were open before. */
  readonly files?: FileIdentities | undefined
  /** Milliseconds that a commit waits for another process's lock. */
  readonly busyTimeoutMs: number
  /** Seconds that a revocation is still honoured after its expiry. */
  readonly toleranceSeconds: number
  /** Tests only: SQLite reports a full disk beyond this many pages. */
  readonly maxPageCount?: number | undefined
}

/** An open write connection and what it found. */
export interface OpenedWriter extends NamespaceIdentity {
  readonly db: Connection
  readonly files: FileIdentities
  /** The store's tolerance: the largest of its engines, in seconds. */
  readonly toleranceSeconds: number
  readonly synchronous: number
  readonly journalMode: string
  readonly sqliteVersion: string
}

/**
 * Opens the store for writing. It validates the file before it changes anything, then creates or migrates the
 * schema and makes commits durable.
 *
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE, ERR_STORE_CORRUPT or ERR_STORE_MISMATCH.
 */
export function openWriter(options: WriterOptions): OpenedWriter {
  const { place, files } = options
  const path = place.real
  let db: Connection | undefined
  try {
    validatePlace(path, options.create)
    const before = fileIdentity(path)
    if (files !== undefined && !areSameFiles(files, fileIdentities(place))) throw takenAway(path)
    validateFile(path)
    db = openDatabase(path, { fileMustExist: !options.create, timeout: options.busyTimeoutMs })
    const durability = makeDurable(db, options.busyTimeoutMs)
    migrate(db)
    const opened = {
      db,
      ...identifyStore(db, options.secret),
      namespace: options.namespace,
      namespaceId: findNamespace(db, options.namespace),
      toleranceSeconds: raiseTolerance(db, options.toleranceSeconds),
      files: fileIdentities(place),
      ...durability,
      sqliteVersion: String(db.prepare<[], string>('SELECT sqlite_version()').pluck().get()),
    }
    assertOneStore(path, before, opened.files)
    if (options.maxPageCount !== undefined) db.pragma(`max_page_count = ${options.maxPageCount}`)
    return opened
  } catch (error) {
    db?.close()
    throw toRevocadeError(error, 'open', path)
  }
}

/**
 * The database, its log and its index must stand where the path leads to. What stands there may have changed
 * while it was opened, and another engine of this process may still hold the index of a deleted log.
 */
function assertOneStore(path: string, before: string | undefined, { db, wal, shm }: FileIdentities): void {
  const replaced = db === undefined || db !== fileIdentity(path) || (before !== undefined && before !== db)
  if (replaced || wal === undefined || shm === undefined)
    throw cannotOpen(path, 'its files were replaced or deleted at the same time: try again')
}

/**
 * Makes commits durable: WAL with `synchronous = FULL`, so that COMMIT returns after the log is synced to
 * disk. Both settings are read back, because an acknowledged revocation must survive a power failure.
 */
function makeDurable(db: Connection, busyTimeoutMs: number): { journalMode: string; synchronous: number } {
  // SQLite answers BUSY at once when another process switches to WAL too.
  const journalMode = retryBusy(busyTimeoutMs, () =>
    String(db.pragma('journal_mode = WAL', { simple: true })),
  )
  db.pragma('synchronous = FULL')
  db.pragma('trusted_schema = OFF')
  db.pragma('cell_size_check = ON')
  db.pragma('secure_delete = FAST') // zeroes what is deleted, such as a salt, where its page stays in use
  db.pragma('cache_size = -65536') // 64 MB: random digests touch many pages
  const synchronous = Number(db.pragma('synchronous', { simple: true }))
  if (journalMode !== 'wal' || synchronous !== 2) {
    throw new RevocadeError(
      'ERR_STORE_UNAVAILABLE',
      `SQLite refuses durable commits here (journal_mode ${journalMode}, synchronous ${synchronous}): ` +
        'put the store on a local file system that supports WAL mode',
    )
  }
  return { journalMode, synchronous }
}

function migrate(db: Connection): void {
  const from = Number(db.pragma('user_version', { simple: true }))
  if (from === SCHEMA_VERSION) return
  db.transaction(() => {
    const version = Number(db.pragma('user_version', { simple: true })) // another process may be faster
    for (const step of MIGRATIONS.slice(version)) db.exec(step)
    db.pragma(`application_id = ${APPLICATION_ID}`)
    db.pragma(`user_version = ${SCHEMA_VERSION}`)
  }).immediate()
}
