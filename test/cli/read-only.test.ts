import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRevocade } from 'revocade'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ndjson } from '../support/cli.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW } from '../support/time.js'
import {
  canLosePermissions,
  makeReadOnly,
  makeWritable,
  unprivileged,
  unprivilegedRevocade,
} from '../support/unprivileged.js'

const TOKEN = { iss: 'https://issuer.example', jti: 'a' }
const INDEX = fileURLToPath(new URL('../../dist/index.js', import.meta.url))

/** A store that is read-only now. Its log is there while it is in use, and gone when it was closed. */
async function readOnlyStore(state: 'in use' | 'closed'): Promise<{ folder: string; path: string }> {
  const folder = temporaryDirectory()
  const path = join(folder, 'store.db')
  const engine = await createRevocade({ store: path, snapshot: false })
  await engine.revoke(TOKEN, { expiresAt: TOMORROW })
  if (state === 'closed') await engine.close()
  makeReadOnly(folder)
  onTestFinished(async () => {
    makeWritable(folder)
    await engine.close()
  })
  return { folder, path }
}

describe.runIf(canLosePermissions)('a store that this user may only read', () => {
  it.each(['in use', 'closed'] as const)('is read all the same while it is %s', async (state) => {
    const { folder, path } = await readOnlyStore(state)
    const files = readdirSync(folder)
    const run = (...args: string[]) => unprivilegedRevocade([...args, '--store', path])
    const revoked = run('check', '--claims-json', JSON.stringify(TOKEN), '--json')
    expect(revoked.stdout).toContain('"revoked"')
    const active = run('check', '--claims-json', JSON.stringify({ ...TOKEN, jti: 'b' }))
    expect(active.ok).toBe(true)
    expect(active.stderr).toContain('reading a copy of it')
    expect(ndjson(run('list', '--json').stdout)).toHaveLength(1)
    expect(ndjson(run('export').stdout)).toEqual([expect.objectContaining(TOKEN)])
    expect(run('doctor', '--json').stdout).toMatch(/"check":"integrity","status":"ok"/)
    expect(run('doctor', '--json').stdout).toMatch(/"check":"permissions","status":"fail"/)
    const stats: unknown = JSON.parse(run('stats', '--json').stdout)
    expect(stats).toMatchObject({ counts: { tokens: 1 }, store: { path } })
    expect(readdirSync(folder)).toEqual(files)
  })

  it('is migrated from a copy of it, which can not be followed', async () => {
    const { path } = await readOnlyStore('closed')
    const target = temporaryDirectory()
    chmodSync(target, 0o777)
    const run = (...args: string[]) =>
      unprivilegedRevocade(['migrate', '--from', path, '--to', join(target, 'new.db'), ...args])
    const followed = run('--follow')
    expect(followed.stderr).toContain(`--follow needs a source that this user may write, and ${path} is none`)
    const { ok, stdout } = run('--json')
    expect([ok, JSON.parse(stdout)]).toMatchObject([true, { written: 1, missing: 0, identical: true }])
  })

  it.each(['in use', 'closed'] as const)('refuses to start an engine while it is %s', async (state) => {
    const { path } = await readOnlyStore(state)
    const start = `import(${JSON.stringify(INDEX)})
      .then(({ createRevocade }) => createRevocade({ store: ${JSON.stringify(path)} }))
      .then(() => console.log('started'), ({ code, message }) => console.log(code, message))
      .finally(() => process.exit())`
    const { stdout } = unprivileged(['-e', start])
    expect(stdout).toMatch(/^ERR_STORE_UNAVAILABLE .*can't be read and written by this user/)
    const revoke = unprivilegedRevocade(['revoke', '--jti', 'b', '--expires-in', '1h', '--store', path])
    expect(revoke.stderr).toContain('no token could be revoked')
  })
})
