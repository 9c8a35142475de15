import Database from 'better-sqlite3'
import { type Fault, onFiles, unnoticed } from '../fault.js'

export const fileVacuumed: Fault = {
  name: 'another program vacuums the file',
  appliesTo: onFiles,
  inject({ store }) {
    const other = new Database(store.location, { timeout: 10_000 })
    try {
      other.exec('VACUUM')
    } catch {
      // Somebody else writes: a busy store can't be vacuumed each time.
    }
    return () => other.close()
  },
  expected: unnoticed,
}
