import { createRequire } from 'node:module'
import Database from 'better-sqlite3'
import { RevocadeError } from '../../../errors.js'

/** An open connection. */
export type Connection = Database.Database
export const { SqliteError } = Database

/** How long a connection waits for another one's lock before SQLITE_BUSY, and whether it may write or create. */
export interface DriverOptions {
  readonly readonly?: boolean
  readonly fileMustExist?: boolean
  readonly timeout?: number
}

let checked = false

/** better-sqlite3 13 needs Node-API 10; on an older one, opening ends the process (segmentation fault). */
function checkDriver(): void {
  if (checked) return
  let version: string
  try {
    const manifest = createRequire(import.meta.url)('better-sqlite3/package.json') as {
      readonly version: string
    }
    version = manifest.version
  } catch {
    version = 'unknown'
  }
  assertDriverFits(version, process.versions.napi ?? '0')
  checked = true
}

/** Throws `ERR_CONFIG` where this better-sqlite3 can't run on this Node. */
export function assertDriverFits(driverVersion: string, nodeApi: string): void {
  if (Number.parseInt(driverVersion, 10) >= 13 && Number.parseInt(nodeApi, 10) < 10) {
    throw new RevocadeError(
      'ERR_CONFIG',
      `better-sqlite3 ${driverVersion} needs Node.js 22.14 or newer ` +
        `(Node-API 10, this is ${nodeApi}). Update Node.js, or install better-sqlite3@12.`,
    )
  }
}

/** Opens a connection. Throws the driver's own errors: see `sqlite-errors.ts`. */
export function openDatabase(path: string, options: DriverOptions): Connection {
  checkDriver()
  return new Database(path, options)
}
