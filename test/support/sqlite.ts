import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import type { StoreContext } from '#dist/ports/index.js'
import { SqliteStore, type SqliteStoreOptions } from '#dist/store/sqlite/index.js'
import { openStore } from '#dist/testing/store/fixtures.js'

/** An open store that the test's end closes. */
export async function open(
  path: string,
  options: SqliteStoreOptions = {},
  context: Partial<StoreContext> = {},
): Promise<SqliteStore> {
  const store = new SqliteStore(path, { integrityCheckDelayMs: Infinity, ...options })
  onTestFinished(() => store.close())
  await openStore(store, context)
  return store
}

export const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
