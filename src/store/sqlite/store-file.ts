import { RevocadeError } from '../../errors.js'
import type { StoreContext } from '../../ports/index.js'
import { closeConnections, type Connections, openConnections } from './connection-set.js'
import { toRevocadeError } from './errors.js'
import { takenAway } from './file/file-identity.js'
import { acquireLock, type StoreLock } from './file/lock.js'
import { moveAwayLog } from './file/orphaned-wal.js'
import { resolveStorePath, type StorePath } from './file/store-path.js'
import { validatePlace } from './file/writable.js'
import type { SqliteStoreOptions } from './options.js'
import { isAnother, type PlaceWatch } from './place-watch.js'
import { MENDED, OPEN, otherKey, type SettledState, type State } from './store-state.js'
import type { WriteQueue } from './write/write-queue.js'

const INTEGRITY_CHECK_DELAY_MS = 5000

/** How a store is opened: the configured path, what the engine asks for, and the options of SQLite. */
export interface StoreFileSettings {
  readonly path: string
  readonly context: StoreContext
  readonly options: SqliteStoreOptions
}

/**
 * The files at the store's path, and the connections to them. It notices when the database disappears, and
 * moves the connections when something else takes its place: another file, another log, or other content.
 *
 * ```
 * open ────────────────── no file ────► missing ─── same file ───► open
 * open, missing ───────── damage ─────► faulty
 * open, missing, faulty ─ other store ► reopening
 * faulty ──────────────── no damage ──► reopening
 * disconnected ────────── any file ───► reopening
 * reopening ─┬─────────── opened ─────► open
 *            ├─ old log is stuck ─────► missing, or faulty as before
 *            ├─ other digest key ─────► faulty
 *            └── can't be opened ─────► disconnected
 * any state ───────────── close() ────► closed
 * ```
 */
export class StoreFile {
  readonly #settings: StoreFileSettings
  #lock: StoreLock
  #lockedPath: string
  /** The digest key of the first file: all digests of this engine are made with it. */
  readonly #key: Uint8Array
  #connections: Connections
  #state: State = OPEN
  /** Commits made by connections that have been closed. */
  #earlierCommits = 0

  /** Takes the lock and opens the connections; creates the file if there is none. */
  static async open(settings: StoreFileSettings): Promise<StoreFile> {
    const { context, options } = settings
    const place = resolveStorePath(settings.path)
    // Before the lock, which is a file beside the store.
    validatePlace(place.real, true)
    const lock = acquireLock(place.real, context.exclusive)
    try {
      return new StoreFile(settings, lock, await openConnections(place, context, options, true))
    } catch (error) {
      lock.release()
      throw error
    }
  }

  private constructor(settings: StoreFileSettings, lock: StoreLock, connections: Connections) {
    this.#settings = settings
    this.#lock = lock
    this.#lockedPath = connections.at.place.real
    this.#key = connections.found.key
    this.#connections = connections
    this.#watchIntegrity()
  }

  /** Why the store can't be used; undefined if it can. */
  get fault(): RevocadeError | undefined {
    return this.#state.status === 'open' ? undefined : this.#state.fault
  }

  /** The file that the connections were opened on last, links resolved. */
  get path(): string {
    return this.#connections.at.place.real
  }

  /** The write queue, if the file can be used. Each commit looks by itself whether the path leads to it. */
  get writeQueue(): WriteQueue {
    if (this.#state.status !== 'open') throw this.#state.fault
    return this.#connections.writeQueue
  }

  /**
   * The connections, if the file can be used and the path still leads to it.
   *
   * @throws {RevocadeError} The fault, if there is one.
   */
  usable(): Connections {
    if (this.#state.status !== 'open') throw this.#state.fault
    if (!this.#ask((place) => place.isInPlace())) throw takenAway(this.#settings.path)
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
    return this.#state.status === 'open' && this.#ask((place) => place.isInPlaceNow())
  }

  /**
   * Compares the file at the path with the open one, and follows it.
   *
   * @returns Undefined if nothing changed; a promise, if the connections are moving to another file.
   * @throws {RevocadeError} The fault, if the file can't be used.
   */
  follow(): Promise<void> | undefined {
    const state = this.#state
    switch (state.status) {
      case 'open':
      case 'missing': {
        const file = this.#ask((place) => place.look())
        if (isAnother(file)) return this.#startReopening()
        this.#state = file === 'none' ? this.#missing(state) : OPEN
        break
      }
      case 'faulty':
      case 'disconnected':
        if (this.#mayReopen(state)) return this.#startReopening()
        break
      case 'reopening':
        return state.reopened
      case 'closed':
        break
    }
    if (this.#state.status !== 'open') throw this.#state.fault
    return undefined
  }

  #mayReopen(state: Extract<State, { status: 'faulty' | 'disconnected' }>): boolean {
    const { place } = this.#connections
    if (state.status === 'disconnected') return place.lookAtFiles() !== 'none'
    return state.isMended === true || isAnother(place.lookPastFault())
  }

  /** Waits for accepted writes, then closes the connections and releases the lock. */
  async close(): Promise<void> {
    if (this.#state.status === 'reopening') await this.#state.reopened.catch(() => undefined)
    const fault = new RevocadeError('ERR_CLOSED', 'the store was closed')
    const { status } = this.#state
    this.#state = { status: 'closed', fault }
    if (status !== 'disconnected' && isAnother(this.#connections.place.lookPastFault())) {
      try {
        this.#leaveLog(this.#connections)
      } catch (error) {
        this.#settings.context.logger.warn(
          { err: error },
          'the log of a replaced store could not be moved away',
        )
      }
    }
    await closeConnections(this.#connections, fault)
    this.#lock.release()
  }

  #ask<T>(ask: (place: PlaceWatch) => T): T {
    try {
      return ask(this.#connections.place)
    } catch (error) {
      throw toRevocadeError(error, 'read', this.path)
    }
  }

  #missing(state: State): State {
    if (state.status === 'missing') return state
    return { status: 'missing', fault: takenAway(this.#settings.path) }
  }

  #startReopening(): Promise<void> {
    const fault = takenAway(this.#settings.path)
    const reopened = this.#moveConnections(this.#state.status, fault).then((next) => {
      this.#state = next
      if (next.status !== 'open') throw next.fault
      this.#watchIntegrity()
    })
    this.#state = { status: 'reopening', fault, reopened }
    return reopened
  }

  /** Closes the old connections, opens new ones, and returns the state that this leads to. */
  async #moveConnections(from: State['status'], gone: RevocadeError): Promise<SettledState> {
    const { path, context, options } = this.#settings
    const old = this.#connections
    const connected = from !== 'disconnected'
    try {
      if (connected) this.#leaveLog(old)
    } catch (error) {
      // The next poll tries again. The new file can't be opened beside the old log.
      return { status: from === 'faulty' ? from : 'missing', fault: toRevocadeError(error, 'open', path) }
    }
    try {
      if (connected) await closeConnections(old, gone)
      const place = resolveStorePath(path)
      this.#moveLock(place)
      this.#connections = await openConnections(place, context, options, false)
    } catch (error) {
      return { status: 'disconnected', fault: toRevocadeError(error, 'open', path) }
    }
    this.#earlierCommits += old.writeQueue.commits
    const { id, key } = this.#connections.found
    if (Buffer.compare(key, this.#key) !== 0) return { status: 'faulty', fault: otherKey(path) }
    context.logger.warn({ path, id }, 'the store was replaced while in use: starting over from the new file')
    return OPEN
  }

  /** The log must not be found beside another database. */
  #leaveLog({ at, place }: Connections): void {
    moveAwayLog(at, this.#settings.context.exclusive, place.lookPastFault() === 'overwritten')
  }

  /** Where a link leads elsewhere now, the lock stands elsewhere, too. */
  #moveLock({ real }: StorePath): void {
    if (real === this.#lockedPath) return
    const lock = acquireLock(real, this.#settings.context.exclusive)
    this.#lock.release()
    this.#lock = lock
    this.#lockedPath = real
  }

  #watchIntegrity(): void {
    const connections = this.#connections
    const delayMs = this.#settings.options.integrityCheckDelayMs ?? INTEGRITY_CHECK_DELAY_MS
    const set = (from: readonly State['status'][], to: State): void => {
      if (from.includes(this.#state.status) && this.#connections === connections) this.#state = to
    }
    connections.integrity.schedule(delayMs, {
      damaged: (fault) => set(['open', 'missing'], { status: 'faulty', fault }),
      // The connections may hold damaged pages: the next poll moves to new ones.
      mended: () => set(['faulty'], { status: 'faulty', fault: MENDED, isMended: true }),
    })
  }
}
