import { type DatabaseHead, type DatabasePosition, readDatabaseHead } from './file/database-head.js'
import { sqliteCode } from './file/driver.js'
import type { HeldFile } from './file/held-file.js'

/**
 * Looks before a file counts as overwritten, and milliseconds between them: a page may be read half-written.
 */
const LOOKS = 3
const PAUSE_MS = 1
/** Milliseconds in which two writes may leave the same time of change. */
const CLOCK_TICK_MS = 50

/** What {@link DatabaseWatch} asks the connection, which reads the file through its log. */
export interface LoggedView {
  /** The root page of the table **head**. */
  readonly headPage: number
  /** Changes with each commit of another connection. */
  dataVersion(): number
  /** Whether the history contains a position, or is too short to tell. */
  mayContain(position: DatabasePosition): boolean
}

/**
 * Notices when the open database file is overwritten in place, as `cp` does. SQLite does not: it goes on with
 * the pages of its log and its cache, and mixes them with those of the other file.
 *
 * Between two folds of the log nothing writes to the file. A fold only moves the file's head forward, to a
 * position of the history that the log continues. One thing moves it back: another database that SQLite
 * copied into this one. Its pages went through the log, so the history of the connection has changed, too.
 */
export class DatabaseWatch {
  readonly #file: HeldFile
  readonly #view: LoggedView
  #page: number
  #stamp = ''
  #known: DatabaseHead | undefined
  /** Whether the known head has been in the history of the connection. */
  #wasSound = false
  /**
   * Whether SQLite has copied another database into this one since, so that the known head is not in the
   * history any more. The next fold moves the file's head into the new history, maybe back.
   */
  #isReplaced = false
  /** The view's `dataVersion` when the file was last sound. */
  #version: number

  constructor(file: HeldFile, view: LoggedView) {
    this.#file = file
    this.#view = view
    this.#page = view.headPage
    this.#known = readDatabaseHead(file, this.#page)
    this.#version = view.dataVersion()
  }

  /** Takes the file's head for one that SQLite has replaced: the log holds every page. */
  acceptReplacement(): void {
    this.#wasSound = true
    this.#isReplaced = true
  }

  /** Throws what the driver throws. */
  isOverwritten(): boolean {
    const { text, changedAt } = this.#file.stamp()
    const version = this.#view.dataVersion()
    if (text === this.#stamp) {
      if (version !== this.#version) this.#watchHistory()
    } else {
      for (let look = 1; !this.#isSound(version); look++) {
        if (look === LOOKS) return true
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
      }
    }
    this.#version = version
    if (Math.abs(Date.now() - changedAt) > CLOCK_TICK_MS) this.#stamp = text
    return false
  }

  /** Where the file is as it was, whether the history of the connection still is. */
  #watchHistory(): void {
    const replaced = this.#known !== undefined && !this.#contains(this.#known)
    if (this.#file.stamp().text === this.#stamp) this.#isReplaced = replaced
  }

  #isSound(version: number): boolean {
    const page = this.#view.headPage
    const moved = page !== this.#page // VACUUM may number the pages anew
    const known = moved ? undefined : this.#known
    const now = readDatabaseHead(this.#file, page)
    if (known !== undefined && now !== undefined && this.#wasSound && isSame(now, known)) {
      this.#isReplaced = !this.#contains(known)
      return true
    }
    if (known !== undefined && this.#wentBack(known, now, version)) return false
    if (now !== undefined && !this.#contains(now)) return false
    this.#page = page
    this.#known = now
    this.#isReplaced = false
    this.#wasSound = true
    return true
  }

  /** Whether the file's head has moved back, and SQLite did not move it. */
  #wentBack(known: DatabaseHead, now: DatabaseHead | undefined, version: number): boolean {
    if (this.#isReplaced || !isBehind(now, known)) return false
    return now === undefined || version === this.#version || this.#contains(known)
  }

  /** A database that SQLite can't read any more is not the one that the log continues. */
  #contains(position: DatabaseHead): boolean {
    try {
      return this.#view.mayContain(position)
    } catch (error) {
      if (sqliteCode(error).startsWith('SQLITE_CORRUPT')) return false
      throw error
    }
  }
}

const isSame = (one: DatabaseHead, other: DatabaseHead): boolean =>
  one.seq === other.seq &&
  one.epoch === other.epoch &&
  one.tag === other.tag &&
  one.commits === other.commits &&
  one.counter === other.counter

function isBehind(now: DatabaseHead | undefined, known: DatabaseHead): boolean {
  if (now === undefined || now.seq < known.seq || now.counter < known.counter) return true
  if (now.commits < known.commits) return true
  return now.seq === known.seq && (now.epoch !== known.epoch || now.tag !== known.tag)
}
