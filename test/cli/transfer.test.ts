import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { createRevocade } from 'revocade'
import { describe, expect, it, onTestFinished } from 'vitest'
import { changedRows } from '#dist/cli/transfer/changed-rows.js'
import { type OpenNamespace, openNamespace } from '#dist/cli/transfer/open-store.js'
import { covers, RowWriter } from '#dist/cli/transfer/row-writer.js'
import { verifyRows } from '#dist/cli/transfer/verify-rows.js'
import type { StoredRow } from '#dist/ports/index.js'
import { ndjson, Running } from '../support/cli.js'
import { inSeconds } from '../support/time.js'
import { everyKind } from './every-kind.js'
import { inProcess } from './in-process.js'

const dir = inProcess()
const path = (name: string): string => join(dir.path, name)
const inOneHour = ['--expires-in', '1h'] as const
const of = (jti: string): readonly string[] => ['--jti', jti, '--iss', 'i']
const at = (store: string): readonly string[] => ['--store', store]

const done = (...args: readonly string[]): Promise<string> => doneWith({}, ...args)

async function doneWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await dir.run(args, { env })
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('ERR_') as string])
  return stdout
}

/** All that a store's export says, but for `revokedAt`, in any order. */
async function exported(store: string, ...more: readonly string[]): Promise<readonly string[]> {
  return (await done('export', ...at(store), ...more)).split('\n').toSorted()
}

async function importEveryKind(store: string): Promise<void> {
  writeFileSync(
    path('in.ndjson'),
    everyKind()
      .map((line) => JSON.stringify(line))
      .join('\n'),
  )
  await done('import', 'in.ndjson', ...at(store))
}

const verdict = async (store: string, jti: string): Promise<number | null> =>
  (await dir.run(['check', '--claims-json', `{"jti":"${jti}","iss":"i"}`, ...at(store)])).code

describe('migrate', () => {
  it('copies every kind of revocation of every namespace, and says that both are equal', async () => {
    await importEveryKind('a.db')
    await done('revoke', ...of('other'), ...inOneHour, ...at('a.db'), '--namespace', 'second')
    const reports = ndjson(await done('migrate', '--from', 'a.db', '--to', 'b.db', '--json'))
    expect(reports).toMatchObject([
      { namespace: 'default', written: 12, present: 0, compared: 12, missing: 0, identical: true },
      { namespace: 'second', written: 1, compared: 1, identical: true },
    ])
    for (const namespace of ['default', 'second'])
      expect(await exported('b.db', '--namespace', namespace)).toEqual(
        await exported('a.db', '--namespace', namespace),
      )
  })

  it('writes nothing the second time, and never narrows what is there', async () => {
    await done('revoke', ...of('a'), ...inOneHour, ...at('a.db'))
    await done('revoke', ...of('a'), '--expires-in', '2h', ...at('b.db'))
    for (const time of ['first', 'second'])
      expect(ndjson(await done('migrate', '--from', 'a.db', '--to', 'b.db', '--json')), time).toMatchObject([
        { written: 0, present: 1, missing: 0, identical: false },
      ])
  })

  it('takes back what the source took back, unless it was revoked again or is told not to', async () => {
    for (const jti of ['a', 'b', 'c']) await done('revoke', ...of(jti), ...inOneHour, ...at('a.db'))
    await done('migrate', '--from', 'a.db', '--to', 'b.db')
    await done('migrate', '--from', 'a.db', '--to', 'c.db')
    await done('unrevoke', ...of('a'), ...at('a.db'))
    await done('unrevoke', ...of('b'), ...at('a.db'))
    await done('unrevoke', ...of('b'), ...at('b.db'))
    await done('revoke', ...of('b'), ...inOneHour, ...at('b.db'))
    await done('migrate', '--from', 'a.db', '--to', 'b.db')
    expect([await verdict('b.db', 'a'), await verdict('b.db', 'b'), await verdict('b.db', 'c')]).toEqual([
      0, 1, 1,
    ])
    await done('migrate', '--from', 'a.db', '--to', 'c.db', '--revocations-only')
    expect([await verdict('c.db', 'a'), await verdict('c.db', 'b')]).toEqual([1, 1])
  })

  it('keeps the largest tolerance of both stores', async () => {
    const engine = await createRevocade({ store: path('a.db'), clockToleranceSeconds: 300 })
    await engine.close()
    await done('migrate', '--from', 'a.db', '--to', 'b.db')
    const { store } = await opened('b.db')
    expect(store.clockToleranceSeconds).toBe(300)
  })

  it('goes on with what changes until it is interrupted', async () => {
    await done('revoke', ...of('a'), ...inOneHour, ...at('a.db'))
    const args = ['migrate', '--from', 'a.db', '--to', 'b.db', '--follow']
    const running = new Running(args, { cwd: dir.path })
    await expect.poll(() => running.stderr, { timeout: 120_000 }).toContain('Ctrl-C')
    await done('revoke', ...of('b'), ...inOneHour, ...at('a.db'))
    await expect.poll(() => verdict('b.db', 'b'), { timeout: 120_000 }).toBe(1)
    await done('unrevoke', ...of('a'), ...at('a.db'))
    await expect.poll(() => verdict('b.db', 'a'), { timeout: 120_000 }).toBe(0)
    running.signal('SIGINT')
    const { code, stdout } = await running.ended
    expect([code, stdout]).toEqual([0, expect.stringContaining('copied 2, there already 0, taken back 1')])
  })

  it.each([
    ['the same file twice', ['--from', 'a.db', '--to', 'a.db'], /the same store/],
    ['two names of one file', ['--from', 'a.db', '--to', './a.db'], /the same store/],
    [
      'a source that is not there',
      ['--from', 'no.db', '--to', 'b.db'],
      /there is no store at no\.db\. Give its path with --from\.\n/,
    ],
    [
      'a namespace that is not there',
      ['--from', 'a.db', '--to', 'b.db', '--namespace', 'x'],
      /no namespace 'x'/,
    ],
    ['a URL that no store has', ['--from', 'a.db', '--to', 'mysql://u:hunter2@h/d'], /can't be this URL/],
  ])('refuses %s', async (_, args, message) => {
    await done('revoke', ...of('a'), ...inOneHour, ...at('a.db'))
    const { code, stderr } = await dir.run(['migrate', ...args])
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
    expect(stderr).not.toContain('hunter2')
    expect([existsSync(path('no.db')), existsSync(path('b.db'))]).toEqual([false, false])
  })
})

async function opened(name: string): Promise<OpenNamespace> {
  const open = await openNamespace({ store: path(name) })
  onTestFinished(() => open.store.close())
  return open
}

describe('a copy', () => {
  it('lacks nothing, and has nothing too much, whatever changes while it is made', async () => {
    const engine = await createRevocade({ store: path('a.db') })
    onTestFinished(() => engine.close())
    const claims = (n: number) => ({ jti: `t${n}`, iss: 'i', exp: inSeconds(3600) })
    await engine.revokeMany(Array.from({ length: 1500 }, (_, n) => ({ token: claims(n) })))
    const [source, target] = [await opened('a.db'), await opened('b.db')]
    const writer = new RowWriter(target, true)
    let pages = 0
    for await (const page of changedRows(source.store, 0, 0)) {
      await writer.write(page)
      if (++pages > 1) continue
      await engine.unrevoke(claims(1)) // was copied already
      await engine.unrevoke(claims(1400)) // was not
      await engine.revoke({ ...claims(2), exp: inSeconds(7200) }, { reason: 'again' })
      await engine.revoke(claims(1500))
    }
    const { seq } = source.store.stats()
    expect(await verifyRows(source, target, { throughSeq: seq, liveAfter: 0 })).toMatchObject({
      compared: 1499,
      missing: 0,
      identical: true,
    })
    const has = async (n: number) => {
      const row = await target.store.get(target.digestOf({ kind: 'id', claim: 'jti', id: `t${n}`, iss: 'i' }))
      return row?.revoked === true
    }
    expect([await has(1), await has(1400), await has(2), await has(1500)]).toEqual([false, false, true, true])
  })

  it('is not verified where a revocation is missing', async () => {
    for (const store of ['a.db', 'b.db'])
      for (const jti of ['a', 'b']) await done('revoke', ...of(jti), ...inOneHour, ...at(store))
    await done('unrevoke', ...of('a'), ...at('b.db'))
    const [source, target] = [await opened('a.db'), await opened('b.db')]
    const verified = await verifyRows(source, target, { throughSeq: Infinity, liveAfter: 0 })
    expect(verified).toMatchObject({ compared: 2, missing: 1, identical: false })
  })

  const least = {
    seq: 1,
    target: { kind: 'selector', where: { sub: 'a' } },
    revoked: true,
    expiresAt: 1000,
    revokedAt: 1,
  } as const
  const ever: StoredRow = { ...least, notBefore: 7 }
  const atOnce: StoredRow = { ...least, issuedThrough: 500 }
  const row: StoredRow = { ...ever, ...atOnce }
  it.each<[string, StoredRow | undefined, boolean]>([
    ['the same', row, true],
    ['a later expiry', { ...row, expiresAt: 1001 }, true],
    ['no cutoff', ever, true],
    ['no start', atOnce, true],
    ['none', undefined, false],
    ['a tombstone', { ...row, revoked: false }, false],
    ['an earlier expiry', { ...row, expiresAt: 999 }, false],
    ['an earlier cutoff', { ...row, issuedThrough: 499 }, false],
    ['a later start', { ...row, notBefore: 8 }, false],
  ])('with %s covers a revocation or not', (_, other, expected) => {
    expect(covers(other, row)).toBe(expected)
  })
})

describe('backup and restore', () => {
  it('bring back every kind of revocation of every namespace', async () => {
    await importEveryKind('a.db')
    await done('revoke', ...of('other'), ...inOneHour, ...at('a.db'), '--namespace', 'second')
    await done('revoke', ...of('gone'), ...inOneHour, ...at('a.db'))
    await done('unrevoke', ...of('gone'), ...at('a.db'))
    const made = JSON.parse(await done('backup', 'a.backup', ...at('a.db'), '--json')) as object
    expect(made).toMatchObject({
      rows: 15,
      namespaces: ['default', 'second'],
      sha256: expect.stringMatching(/^[\da-f]{64}$/) as string,
    })
    const back = JSON.parse(await done('restore', 'a.backup', ...at('b.db'), '--json')) as object
    expect(back).toMatchObject({ written: 13, present: 0, namespaces: 2, rows: 15 })
    for (const namespace of ['default', 'second'])
      expect(await exported('b.db', '--namespace', namespace)).toEqual(
        await exported('a.db', '--namespace', namespace),
      )
    expect((await exported('b.db')).join()).not.toContain('gone')
    expect(readdirSync(dir.path).filter((name) => /tmp|restoring/.test(name))).toEqual([])
  })

  it('into a store that exists only with --merge, which takes nothing away', async () => {
    await done('revoke', ...of('a'), ...inOneHour, ...at('a.db'))
    expect(await done('backup', 'a.backup', ...at('a.db'))).toContain('1 row of 1 namespace to a.backup')
    await done('revoke', ...of('b'), ...inOneHour, ...at('b.db'))
    const refused = await dir.run(['restore', 'a.backup', ...at('b.db')])
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--merge')])
    expect(await verdict('b.db', 'a')).toBe(0)
    await done('restore', 'a.backup', ...at('b.db'), '--merge')
    expect([await verdict('b.db', 'a'), await verdict('b.db', 'b')]).toEqual([1, 1])
  })

  it('a store put in the place of another one is noticed by engines with the same secret', async () => {
    const env = { REVOCADE_SECRET: 'a secret of at least 16 bytes' }
    await done('revoke', ...of('a'), ...inOneHour, ...at('a.db'))
    await done('backup', 'a.backup', ...at('a.db'))
    await doneWith(env, 'restore', 'a.backup', ...at('new.db'))
    const engine = await createRevocade({ store: path('live.db'), secret: env.REVOCADE_SECRET })
    onTestFinished(() => engine.close())
    const a = { jti: 'a', iss: 'i', exp: inSeconds(600) }
    expect(await engine.isRevoked(a)).toBe(false)
    renameSync(path('new.db'), path('live.db'))
    await expect
      .poll(() => engine.check(a).then(({ status }) => status), { timeout: 120_000 })
      .toBe('revoked')
  })

  const text = (): string => gunzipSync(readFileSync(path('a.backup'))).toString()
  const put = (content: string): void => {
    writeFileSync(path('a.backup'), gzipSync(content))
  }
  const lines = (): string[] => text().trimEnd().split('\n')

  it.each<[string, () => void, RegExp]>([
    [
      'cut off',
      () => writeFileSync(path('a.backup'), readFileSync(path('a.backup')).subarray(0, -30)),
      /unzipped/,
    ],
    ['without its end', () => put(`${lines().slice(0, -1).join('\n')}\n`), /its end is missing/],
    [
      'changed',
      () => put(text().replace('"ab"', '"ac"').replace('\\"ab\\"', '\\"ac\\"')),
      /checksum is wrong/,
    ],
    ['with a line too many', () => put(`${text()}[]\n`), /comes after the end/],
    ['with a row of another shape', () => put(text().replace('true', 'null')), /line 3 is not what/],
    ['of a later format', () => put(text().replace('"format":1', '"format":2')), /format 2/],
    ['that is none', () => put('{"jti":"a"}\n'), /line 1 is not what/],
    ['not zipped', () => writeFileSync(path('a.backup'), text()), /unzipped/],
    ['that is empty', () => writeFileSync(path('a.backup'), ''), /unzipped|end is missing/],
  ])('a backup %s is refused, and nothing of it is used', async (_, damage, message) => {
    await done('revoke', ...of('ab'), ...inOneHour, ...at('a.db'))
    await done('backup', 'a.backup', ...at('a.db'))
    damage()
    const { code, stderr } = await dir.run(['restore', 'a.backup', ...at('b.db')])
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
    expect(existsSync(path('b.db'))).toBe(false)
  })
})
