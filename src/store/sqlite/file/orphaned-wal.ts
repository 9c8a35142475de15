import { renameSync, rmSync } from 'node:fs'
import { fileIdentity } from './file-identity.js'
import { withReservation } from './lock.js'

/**
 * The log files of an open store file. They still belong to that file when another one stands at its path.
 */
export interface LogIdentity {
  readonly wal: string | undefined
  readonly shm: string | undefined
}

/** Identifies the log files. Call it while a connection is open: SQLite keeps its log files open, too. */
export function logIdentity(path: string): LogIdentity {
  return { wal: fileIdentity(`${path}-wal`, 'counts'), shm: fileIdentity(`${path}-shm`, 'counts') }
}

/**
 * Moves the log of a replaced file away, before the new file is opened. SQLite finds a log by its name, and
 * would apply the old file's log to the new file.
 *
 * It touches only files known to be the old log. The log is kept as `-wal-replaced`: if the old file was
 * moved rather than deleted, its last changes may be nowhere else.
 */
export function moveAwayLog(path: string, old: LogIdentity, exclusive: boolean): void {
  const move = (): void => {
    const now = logIdentity(path)
    if (now.wal !== undefined && now.wal === old.wal) renameSync(`${path}-wal`, `${path}-wal-replaced`)
    if (now.shm !== undefined && now.shm === old.shm) rmSync(`${path}-shm`, { force: true })
  }
  // Every process that had the old file open does this, so comparing and moving must be one step among them.
  if (exclusive) move()
  else withReservation(path, move)
}
