import { renameSync, rmSync } from 'node:fs'
import { fileIdentity } from './identity.js'
import { withReservation } from './lock.js'

/** Which log files stand beside a store file: they belong to that file, whatever stands at its path later. */
export interface LogIdentity {
  readonly wal: string | undefined
  readonly shm: string | undefined
}

/** To be called while a connection is open: its log can't be exchanged then. */
export function logIdentity(path: string): LogIdentity {
  return { wal: fileIdentity(`${path}-wal`, 'counts'), shm: fileIdentity(`${path}-shm`, 'counts') }
}

/**
 * Before a file that took another's place is opened: moves the other's log out of its way. SQLite knows a log by
 * its name alone, and would apply what was meant for the old file to the new one.
 *
 * Only files known to be the old log are touched. The log is kept (`-wal-replaced`): if the old file was moved
 * away rather than deleted, its last changes may stand nowhere else.
 */
export function moveAwayLog(path: string, old: LogIdentity, exclusive: boolean): void {
  const move = (): void => {
    const now = logIdentity(path)
    if (now.wal !== undefined && now.wal === old.wal) renameSync(`${path}-wal`, `${path}-wal-replaced`)
    if (now.shm !== undefined && now.shm === old.shm) rmSync(`${path}-shm`, { force: true })
  }
  // Every process on the old file does this; looking and moving must be one step among them.
  if (exclusive) move()
  else withReservation(path, move)
}
