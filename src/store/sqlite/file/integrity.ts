import type { Connection } from './driver.js'

/** The problems that SQLite finds in a database; none in a sound one. Reads every page, then closes it. */
export function integrityProblems(db: Connection, pragma: 'integrity_check' | 'quick_check'): string[] {
  try {
    const found = db.prepare<[], string>(`PRAGMA ${pragma}(10)`).pluck().all()
    return found.length === 1 && found[0] === 'ok' ? [] : found
  } finally {
    db.close()
  }
}
