import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { revoke } from '#dist/testing/store/fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'
import { canLosePermissions, makeWritable, unprivileged } from '../support/unprivileged.js'

const INDEX = JSON.stringify(new URL('../../dist/index.js', import.meta.url))

/** Starts an engine as a user without special rights; its error, or `started`. */
function start(store: string): string {
  const script = `
    import(${INDEX})
      .then(({ createRevocade }) => createRevocade({ store: ${JSON.stringify(store)} }))
      .then((engine) => engine.close().then(() => console.log('started')),
        ({ code, message }) => console.log(code + ': ' + message))`
  return unprivileged(['-e', script]).stdout.trim()
}

/** A closed store in a folder of its own, which everybody may read. */
async function sample(): Promise<{ folder: string; path: string }> {
  const parent = temporaryDirectory()
  chmodSync(parent, 0o755)
  const folder = join(parent, 'data')
  mkdirSync(folder)
  const path = join(folder, 'store.db')
  const store = await open(path)
  await store.write([revoke(1)])
  await store.close()
  onTestFinished(() => makeWritable(folder))
  return { folder, path }
}

describe.runIf(canLosePermissions)('a start by a user who may not write the store', () => {
  it('is refused where the file can be written, but no log be made beside it', async () => {
    const { folder, path } = await sample()
    chmodSync(path, 0o666)
    chmodSync(folder, 0o555)
    expect(start(path)).toMatch(new RegExp(`^ERR_STORE_UNAVAILABLE: .*${folder} can't be read and written`))
  })

  it('is refused where no store can be made', async () => {
    const { folder } = await sample()
    chmodSync(folder, 0o555)
    expect(start(join(folder, 'new.db'))).toMatch(/^ERR_STORE_UNAVAILABLE: /)
  })

  it('succeeds once all of it can be written', async () => {
    const { folder, path } = await sample()
    for (const file of [folder, path, `${path}-lock`]) chmodSync(file, 0o777)
    expect(start(path)).toBe('started')
  })
})
