import { RevocadeError } from '../../errors.js'
import type { StoreContext } from '../../ports/index.js'
import { closeConnections, type Connections, openConnections } from './connection-set.js'
import { toRevocadeError } from './errors.js'
import { fileIdentity } from './file/file-identity.js'
import { acquireLock, type StoreLock } from './file/lock.js'
import { moveAwayLog } from './file/orphaned-wal.js'
import { validatePath } from './file/validate-file.js'
import type { SqliteStoreOptions } from './options.js'

const INTEGRITY_CHECK_DELAY_MS = 5000

type State =
  | { readonly status: 'open' }
  /** No file stands at the path. The connections stay open, so that no other file can get its inode. */
  | { readonly status: 'missing'; readonly fault: RevocadeError }
  /** Another file stands at the path: the old connections are being closed, and new ones opened. */
  | { readonly status: 'reopening'; readonly fault: RevocadeError; readonly reopened: Promise<void> }
  /** The old connections are closed, and no new ones could be opened. */
  | { readonly status: 'disconnected'; readonly fault: RevocadeError }
  /** The connections are open on a file that can't be used: it is damaged, or has another digest key. */
  | { readonly status: 'faulty'; readonly fault: RevocadeError }
  | { readonly status: 'closed'; readonly fault: RevocadeError }

const OPEN = { status: 'open' } as const

type SettledState = Extract<State, { status: 'open' | 'disconnected' | 'faulty' }>

/** How a store is opened: its path, what the engine asks for, and the options of SQLite. */
export interface StoreFileSettings {
  readonly path: string
  readonly context: StoreContext
  readonly options: SqliteStoreOptions
}

/**
 * The file at the store's path, and the connections to it. It notices when the file disappears, and moves the
 * connections when another file takes its place.
 *
 * ```
 * open ────────────────── no file ────► missing ─── same file ───► open
 * open, missing ───────── damage ─────► faulty
 * open, missing, faulty ─ other file ─► reopening
 * disconnected ────────── any file ───► reopening
 * reopening ─┬─────────── opened ─────► open
 *            ├─ other digest key ─────► faulty
 *            └── can't be opened ─────► disconnected
 * any state ───────────── close() ────► closed
 * ```
 */
export class StoreFile {
  readonly #settings: StoreFileSettings
  readonly #lock: StoreLock
  /** The digest key of the first file: all digests of this engine are made with it. */
  readonly #key: Uint8Array
  #connections: Connections
  #state: State = OPEN
  /** Commits made by connections that have been closed. */
  #earlierCommits = 0

  /** Takes the lock and opens the connections; creates the file if there is none. */
  static async open(settings: StoreFileSettings): Promise<StoreFile> {
    const { path, context, options } = settings
    // Before the lock, which is a file beside the store.
    validatePath(path, true)
    const lock = acquireLock(path, context.exclusive)
    try {
      return new StoreFile(settings, lock, await openConnections(path, context, options, true))
    } catch (error) {
      lock.release()
      throw error
    }
  }

  private constructor(settings: StoreFileSettings, lock: StoreLock, connections: Connections) {
    this.#settings = settings
    this.#lock = lock
    this.#key = connections.found.key
    this.#connections = connections
    this.#watchIntegrity()
  }

  /** Why the store can't be used; undefined if it can. */
  get fault(): RevocadeError | undefined {
    return this.#state.status === 'open' ? undefined : this.#state.fault
  }

  /**
   * The connections, if the file can be used.
   *
   * @throws {RevocadeError} The fault, if there is one.
   */
  usable(): Connections {
    if (this.#state.status !== 'open') throw this.#state.fault
    return this.#connections
  }

  /** The connections that were opened last, usable or not: for facts about them. */
  get latest(): Connections {
    return this.#connections
  }

  /** Commits made through this object, whatever file they went to. */
  get commits(): number {
    return this.#earlierCommits + this.#connections.writeQueue.commits
  }

  /** Whether the path leads to the file that the connections are open on, and that file can be used. */
  isInPlace(): boolean {
    return this.#state.status === 'open' && this.#compareFile() === 'same'
  }

  /**
   * Compares the file at the path with the open one, and follows it.
   *
   * @returns Undefined if nothing changed; a promise, if the connections are moving to another file.
   * @throws {RevocadeError} The fault, if the file can't be used.
   */
  follow(): Promise<void> | undefined {
    const state = this.#state
    const file = this.#compareFile()
    switch (state.status) {
      case 'open':
      case 'missing':
        if (file === 'other') return this.#startReopening()
        this.#state = file === 'none' ? this.#missing(state) : OPEN
        break
      case 'faulty':
        if (file === 'other') return this.#startReopening()
        break
      case 'disconnected':
        if (file !== 'none') return this.#startReopening()
        break
      case 'reopening':
        return state.reopened
      case 'closed':
        break
    }
    if (this.#state.status !== 'open') throw this.#state.fault
    return undefined
  }

  /** Waits for accepted writes, then closes the connections and releases the lock. */
  async close(): Promise<void> {
    if (this.#state.status === 'reopening') await this.#state.reopened.catch(() => undefined)
    const fault = new RevocadeError('ERR_CLOSED', 'the store was closed')
    this.#state = { status: 'closed', fault }
    await closeConnections(this.#connections, fault)
    this.#lock.release()
  }

  /** The file at the path, compared with the one that the connections are or were open on. */
  #compareFile(): 'same' | 'other' | 'none' {
    const identity = fileIdentity(this.#settings.path)
    if (identity === undefined) return 'none'
    return identity === this.#connections.found.identity ? 'same' : 'other'
  }

  #missing(state: State): State {
    if (state.status === 'missing') return state
    return { status: 'missing', fault: takenAway(this.#settings.path) }
  }

  #startReopening(): Promise<void> {
    const fault = takenAway(this.#settings.path)
    const connected = this.#state.status !== 'disconnected'
    const reopened = this.#moveConnections(connected, fault).then((next) => {
      this.#state = next
      if (next.status !== 'open') throw next.fault
      this.#watchIntegrity()
    })
    this.#state = { status: 'reopening', fault, reopened }
    return reopened
  }

  /** Closes the old connections, opens new ones, and returns the state that this leads to. */
  async #moveConnections(connected: boolean, gone: RevocadeError): Promise<SettledState> {
    const { path, context, options } = this.#settings
    const old = this.#connections
    if (connected) {
      try {
        moveAwayLog(path, old.log, context.exclusive)
        await closeConnections(old, gone)
      } catch (error) {
        return { status: 'faulty', fault: toRevocadeError(error, 'open', path) }
      }
    }
    try {
      this.#connections = await openConnections(path, context, options, false)
    } catch (error) {
      return { status: 'disconnected', fault: toRevocadeError(error, 'open', path) }
    }
    this.#earlierCommits += old.writeQueue.commits
    const { id, key } = this.#connections.found
    if (Buffer.compare(key, this.#key) !== 0) return { status: 'faulty', fault: otherKey(path) }
    context.logger.warn({ path, id }, 'the store was replaced while in use: starting over from the new file')
    return OPEN
  }

  #watchIntegrity(): void {
    const connections = this.#connections
    const delayMs = this.#settings.options.integrityCheckDelayMs ?? INTEGRITY_CHECK_DELAY_MS
    connections.integrity.schedule(delayMs, (damage) => {
      const { status } = this.#state
      const concerned = status === 'open' || status === 'missing'
      if (concerned && this.#connections === connections) this.#state = { status: 'faulty', fault: damage }
    })
  }
}

const takenAway = (path: string): RevocadeError =>
  new RevocadeError(
    'ERR_STORE_UNAVAILABLE',
    `the store ${path} was replaced or deleted while in use: restore it from a backup`,
  )

const otherKey = (path: string): RevocadeError =>
  new RevocadeError(
    'ERR_STORE_MISMATCH',
    `the store ${path} was replaced by one with another digest key: restart the process`,
  )
