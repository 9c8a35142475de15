import type { DatabaseWatch } from './database-watch.js'
import { areSameFiles, fileIdentities, fileIdentity, type OpenFiles } from './file/file-identity.js'
import type { Reader } from './read/reader.js'

/** Milliseconds for which a look counts: whoever opens other files takes longer before it can commit. */
const LOOK_COUNTS_MS = 1

/** What stands at the path of a store, compared with what its connections are open on. */
export type Found =
  | 'same'
  /** Other files, or another database in the same file: SQLite's `.restore` copies one into it. */
  | 'other'
  /** Other content in the same file, which did not get there through SQLite: `cp` puts it there. */
  | 'overwritten'
  /** No database. */
  | 'none'

/** Whether the connections must move. */
export const isAnother = (found: Found): boolean => found === 'other' || found === 'overwritten'

/** Watches whether the path of a store still leads to what its connections are open on. */
export class PlaceWatch {
  readonly #at: OpenFiles
  readonly #reader: Reader
  readonly #database: DatabaseWatch
  /** When all was last seen in place, by the monotonic clock. */
  #seenAt = Number.NEGATIVE_INFINITY

  constructor(at: OpenFiles, reader: Reader, database: DatabaseWatch) {
    this.#at = at
    this.#reader = reader
    this.#database = database
  }

  /** Whether all is in place, by a look that may be a moment old: for reads one by one. */
  isInPlace(): boolean {
    return performance.now() - this.#seenAt <= LOOK_COUNTS_MS || this.look() === 'same'
  }

  /** As {@link PlaceWatch.isInPlace}, but looks for the database now: for checks without any staleness. */
  isInPlaceNow(): boolean {
    const { place, files } = this.#at
    if (fileIdentity(place.given) === files.db) return this.isInPlace()
    this.#seenAt = Number.NEGATIVE_INFINITY
    return false
  }

  /** Looks at the path, and at what the database says of itself. Throws what the driver throws. */
  look(): Found {
    this.#seenAt = Number.NEGATIVE_INFINITY
    const found = this.lookAtFiles()
    if (found !== 'same') return found
    if (this.isOverwritten()) return 'overwritten'
    if (!this.#reader.isSameStore()) return 'other'
    this.#seenAt = performance.now()
    return 'same'
  }

  /** See {@link DatabaseWatch.acceptReplacement}. */
  acceptReplacement(): void {
    this.#database.acceptReplacement()
  }

  /** Looks as far as a file lets that is damaged, and can't say what it holds. Throws nothing. */
  lookPastFault(): Found {
    try {
      return this.look()
    } catch {
      return this.lookAtFiles()
    }
  }

  /** Looks at the content of the file that is open, wherever it is now. Throws what the driver throws. */
  isOverwritten(): boolean {
    return this.#database.isOverwritten()
  }

  /** Looks at the path alone: the connections may be closed, or the database damaged. */
  lookAtFiles(): Found {
    const now = fileIdentities(this.#at.place)
    if (now.db === undefined) return 'none'
    return areSameFiles(now, this.#at.files) ? 'same' : 'other'
  }
}
