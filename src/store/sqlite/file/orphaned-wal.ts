import { renameSync, rmSync } from 'node:fs'
import { type FileIdentities, fileIdentity, logIdentities, type OpenFiles } from './file-identity.js'
import { withReservation } from './lock.js'

/**
 * Moves the log of a replaced file away, before the new file is opened. SQLite finds a log by its name, and
 * would apply the old file's log to the new file.
 *
 * It touches only files known to be the old log. The log is kept as `-wal-replaced`: if the old file was
 * moved rather than deleted, its last changes may be nowhere else.
 *
 * @param overwritten Whether the database file itself has other content now.
 */
export function moveAwayLog(
  { place: { real }, files: old }: OpenFiles,
  exclusive: boolean,
  overwritten: boolean,
): void {
  const orphans = (): Orphans => orphansOf(real, old, overwritten)
  const move = (): void => {
    const { wal, shm } = orphans()
    if (wal) renameSync(`${real}-wal`, `${real}-wal-replaced`)
    if (shm) rmSync(`${real}-shm`, { force: true })
  }
  const { wal, shm } = orphans()
  if (!wal && !shm) return
  // Every process that had the old file open does this, so comparing and moving must be one step among them.
  if (exclusive) move()
  else withReservation(real, move)
}

interface Orphans {
  readonly wal: boolean
  readonly shm: boolean
}

/** Which of the old log files stand at a path without the database or the log that they belong to. */
function orphansOf(real: string, old: FileIdentities, overwritten: boolean): Orphans {
  const now = logIdentities(real)
  const wal = now.wal !== undefined && now.wal === old.wal
  // Beside its own file a log stays: a link leads elsewhere now, or somebody moved the file back.
  if (wal && !overwritten && fileIdentity(real) === old.db) return { wal: false, shm: false }
  return { wal, shm: now.shm !== undefined && now.shm === old.shm }
}

/**
 * Whether the log of an open file may be folded into it before the connections are closed: nothing but the
 * log or its index was deleted, and nobody has made new ones yet.
 */
export function mayFoldLog({ place: { real }, files: old }: OpenFiles): boolean {
  const now = logIdentities(real)
  const untouched = (one: 'wal' | 'shm'): boolean => now[one] === undefined || now[one] === old[one]
  return fileIdentity(real) === old.db && untouched('wal') && untouched('shm')
}
