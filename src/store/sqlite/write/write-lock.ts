import { ExitGate } from '../exit-gate.js'
import { retryBusy, sleep } from '../file/busy.js'
import type { Connection } from '../file/driver.js'

/** Milliseconds in which transactions may follow each other without a break. */
const MAX_HELD_MS = 300
/** Shortest break, in milliseconds: longer than two looks of a process that waits for the lock. */
const MIN_BREAK_MS = 12
/** A break is this share of the time before it: a busy machine takes longer for everything. */
const BREAK_SHARE = 0.04

/**
 * The write lock of the store's file, which one transaction of all processes holds. SQLite has no queue for
 * it: who waits looks again and again, by SQLite's own means ten times a second. A process that commits
 * without a break, such as an import, would let nobody else in. So a short break follows each third of a
 * second of transactions, and who waits looks often enough to find it.
 */
export class WriteLock {
  readonly #db: Connection
  readonly #statements: ReturnType<typeof prepare>
  readonly #busyTimeoutMs: number
  readonly #gate: ExitGate
  /** Milliseconds that transactions have taken since the last break. */
  #heldMs = 0
  /** When the last transaction ended, by `performance.now()`. */
  #freeSince = 0

  /**
   * @param busyTimeoutMs - how long a transaction waits for those of other connections
   * @param gate - closes when the process ends, and with it the wait
   */
  constructor(db: Connection, busyTimeoutMs: number, gate = new ExitGate()) {
    this.#db = db
    this.#gate = gate
    this.#busyTimeoutMs = busyTimeoutMs
    this.#statements = prepare(db)
    db.pragma('busy_timeout = 0') // this class waits instead
  }

  /**
   * Runs a transaction: what it changed is durable when this returns, and rolled back when it throws. Throws
   * the driver's SQLITE_BUSY if the lock is not free in time.
   */
  transaction<Result>(work: () => Result): Result {
    const { begin, commit, rollback } = this.#statements
    this.#takeBreak()
    retryBusy(this.#busyTimeoutMs, () => this.#gate.pass(() => begin.run()))
    const takenAt = performance.now()
    try {
      const result = work()
      commit.run()
      return result
    } catch (error) {
      if (this.#db.inTransaction) rollback.run()
      throw error
    } finally {
      this.#freeSince = performance.now()
      this.#heldMs += this.#freeSince - takenAt
    }
  }

  #takeBreak(): void {
    const breakMs = Math.max(MIN_BREAK_MS, this.#heldMs * BREAK_SHARE)
    const leftMs = this.#freeSince + breakMs - performance.now()
    if (leftMs > 0) {
      if (this.#heldMs < MAX_HELD_MS) return
      sleep(leftMs)
    }
    this.#heldMs = 0
  }
}

function prepare(db: Connection) {
  return {
    begin: db.prepare<[]>('BEGIN IMMEDIATE'),
    commit: db.prepare<[]>('COMMIT'),
    rollback: db.prepare<[]>('ROLLBACK'),
  }
}
