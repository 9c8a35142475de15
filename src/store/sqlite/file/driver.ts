import { createRequire } from 'node:module'
import Database from 'better-sqlite3'
import { RevocadeError } from '../../../errors.js'

/** An open connection. */
export type Connection = Database.Database
/** The class of the driver's errors. */
export const { SqliteError } = Database

/**
 * The result code of an error of the driver, such as `SQLITE_BUSY`; '' for any other error. It goes by the
 * error's name and not by its class: a test runner may load the driver's class once per test file.
 */
export function sqliteCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || Reflect.get(error, 'name') !== 'SqliteError') return ''
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' ? code : ''
}

/** How a connection is opened. */
export interface DriverOptions {
  readonly readonly?: boolean
  readonly fileMustExist?: boolean
  /** Milliseconds to wait for another connection's lock before SQLITE_BUSY. */
  readonly timeout?: number
}

let checked = false

/**
 * Refuses better-sqlite3 13 without Node-API 10: opening a database would end the process (segmentation
 * fault).
 */
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

/**
 * Compares the driver with Node.js.
 *
 * @throws {RevocadeError} ERR_CONFIG when this better-sqlite3 can't run on this Node.js.
 */
export function assertDriverFits(driverVersion: string, nodeApi: string): void {
  if (Number.parseInt(driverVersion, 10) >= 13 && Number.parseInt(nodeApi, 10) < 10) {
    throw new RevocadeError(
      'ERR_CONFIG',
      `better-sqlite3 ${driverVersion} needs Node.js 22.14 or newer ` +
        `(Node-API 10, this is ${nodeApi}): update Node.js, or install better-sqlite3@12`,
    )
  }
}

/** Opens a connection. Throws the driver's own errors; `toRevocadeError` translates them. */
export function openDatabase(path: string, options: DriverOptions): Connection {
  checkDriver()
  return new Database(path, options)
}
