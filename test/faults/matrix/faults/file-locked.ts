import Database from 'better-sqlite3'
import { type Fault, onFiles, unnoticed } from '../fault.js'

export const fileLocked: Fault = {
  name: 'another program locks the file',
  appliesTo: onFiles,
  inject({ store }) {
    const other = new Database(store.location, { timeout: 10_000 })
    other.exec('BEGIN IMMEDIATE')
    return () => other.close()
  },
  lastsMs: [50, 800],
  expected: unnoticed,
}
