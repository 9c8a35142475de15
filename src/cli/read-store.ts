import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Revocade } from '../api.js'
import type { RevocationStore } from '../ports/index.js'
import type { StoreOptions, TokenOptions } from './options.js'
import { note } from './output/print.js'
import { requireStore, withStore } from './with-store.js'

/**
 * Opens an engine on a store that must exist, for a command that only reads. This user need not be able to
 * write the store.
 *
 * @param overrides - engine options that replace those of the command line
 */
export async function readStore<T>(
  options: TokenOptions,
  overrides: Parameters<typeof withStore>[1],
  use: (engine: Revocade, store: RevocationStore) => Promise<T>,
): Promise<T> {
  return withReadable(options, async (readable) => {
    await requireStore(readable)
    return withStore(readable, overrides, use)
  })
}

/**
 * Runs `use` with options that name the store or, where this user may only read that, a private copy of it,
 * which is removed afterwards.
 */
export async function withReadable<O extends StoreOptions, T>(
  options: O,
  use: (readable: O) => Promise<T>,
): Promise<T> {
  if (!existsSync(options.store)) return use(options)
  const { copyStore, isReadOnly } = await import('../store/sqlite/index.js')
  if (!isReadOnly(options.store)) return use(options)
  const directory = await mkdtemp(join(tmpdir(), 'revocade-'))
  try {
    const copy = join(directory, 'copy.db')
    copyStore(options.store, copy)
    note(`this user can't write ${options.store}: reading a copy of it, ${copy}`, options)
    return await use({ ...options, store: copy })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
