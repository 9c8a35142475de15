import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Revocade } from 'revocade'
import { describe, expect, it } from 'vitest'
import { open, verdict } from '../support/engine.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW } from '../support/time.js'

// Promise 8 for the snapshot of the prefilter: whatever happens to the file, answers stay right.

const token = (jti: string) => ({ jti, exp: TOMORROW })
const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`)

function snapshotOf(store: string): string {
  const folder = join(store, '..')
  const found = readdirSync(folder).filter((name) => /-l0-[0-9a-f]{16}$/.test(name))
  expect(found).toHaveLength(1)
  return join(folder, found.join())
}

/** Opens, makes some changes, closes: leaves a snapshot. */
async function session(
  store: string,
  work: (engine: Revocade) => Promise<unknown>,
): Promise<{ rebuilds: number }> {
  const engine = await open({ store })
  const { rebuilds } = engine.stats().prefilter
  await work(engine)
  await engine.close()
  return { rebuilds }
}

const revokeAll =
  (jtis: readonly string[]) =>
  async (engine: Revocade): Promise<unknown> =>
    engine.revokeMany(jtis.map((jti) => ({ jti, expiresAt: TOMORROW })))

/** Opens with whatever snapshot is there and compares all answers. */
async function expectRight(
  store: string,
  revoked: readonly string[],
  active: readonly string[],
): Promise<{ rebuilds: number }> {
  return session(store, async (engine) => {
    for (const jti of revoked) expect(await verdict(engine, token(jti)), jti).toBe('revoked')
    for (const jti of active) expect(await verdict(engine, token(jti)), jti).toBe('active')
  })
}

describe('a snapshot that is', () => {
  const spoil: [
    what: string,
    rebuilt: boolean,
    spoil: (snapshot: string, older: Buffer, foreign: Buffer) => void,
  ][] = [
    ['whole', false, () => undefined],
    ['missing', true, (snapshot) => rmSync(snapshot)],
    ['empty', true, (snapshot) => writeFileSync(snapshot, '')],
    ['cut short', true, (snapshot) => truncateSync(snapshot, 1000)],
    ['without its last byte', true, (snapshot) => truncateSync(snapshot, readFileSync(snapshot).length - 1)],
    [
      'damaged in one bit',
      true,
      (snapshot) => {
        const bytes = readFileSync(snapshot)
        const middle = bytes.length >> 1
        bytes.writeUInt8(bytes.readUInt8(middle) ^ 4, middle)
        writeFileSync(snapshot, bytes)
      },
    ],
    [
      'full of zeros',
      true,
      (snapshot) => writeFileSync(snapshot, Buffer.alloc(readFileSync(snapshot).length)),
    ],
    ['some changes old', false, (snapshot, older) => writeFileSync(snapshot, older)],
    ['of another store', true, (snapshot, _older, foreign) => writeFileSync(snapshot, foreign)],
  ]
  it.each(spoil)('%s: right answers (from the store: %s)', async (_what, rebuilt, harm) => {
    const [store, another] = [join(temporaryDirectory(), 'store.db'), join(temporaryDirectory(), 'store.db')]
    await session(store, revokeAll(names('a', 50)))
    const older = readFileSync(snapshotOf(store))
    await session(store, revokeAll(names('b', 50)))
    await session(another, revokeAll(names('c', 200)))
    harm(snapshotOf(store), older, readFileSync(snapshotOf(another)))
    const { rebuilds } = await expectRight(store, [...names('a', 50), ...names('b', 50)], names('c', 200))
    expect(rebuilds > 0).toBe(rebuilt)
    // And it has healed: the next start has a good one.
    expect(await expectRight(store, names('b', 50), names('c', 200))).toEqual({ rebuilds: 0 })
  })

  it('half written by a killed process: is removed once it is old', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    await session(store, revokeAll(names('a', 5)))
    const abandoned = `${snapshotOf(store)}.1234.0123abcd`
    const recent = `${snapshotOf(store)}.1235.0123abcd`
    for (const file of [abandoned, recent]) writeFileSync(file, 'half')
    utimesSync(abandoned, new Date(), new Date(Date.now() - 120_000))
    expect(await expectRight(store, names('a', 5), names('b', 5))).toEqual({ rebuilds: 0 })
    expect([abandoned, recent].map((file) => existsSync(file))).toEqual([false, true])
  })

  it('of a store that was deleted or emptied: the log warns, until the new store has a change', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    await session(store, () => Promise.resolve())
    rmSync(store)
    const warnings = async (work?: (engine: Revocade) => Promise<unknown>): Promise<unknown[]> => {
      const warned: unknown[] = []
      const ignore = (): void => undefined
      const warn = (fields: object, text: string): unknown => warned.push([fields, text])
      const engine = await open({ store, logger: { debug: ignore, info: ignore, error: ignore, warn } })
      await work?.(engine)
      await engine.close()
      return warned
    }
    // The earlier store had no change, either.
    expect(await warnings(revokeAll(names('a', 5)))).toEqual([])
    const snapshots = readdirSync(join(store, '..')).filter((name) => name.includes('-l0-'))
    for (const lose of [() => truncateSync(store), () => rmSync(store)]) {
      lose()
      expect(await warnings()).toEqual([
        [
          { path: expect.stringContaining('-l0-') as string, changes: 5 },
          expect.stringContaining('empty') as string,
        ],
      ])
    }
    expect(snapshots).toHaveLength(2)
    expect(await warnings(revokeAll(names('b', 1)))).toHaveLength(1)
    expect(await warnings()).toEqual([])
  })

  it('of a history that a restored backup undid, older or as long: right answers', async () => {
    for (const afterwards of [0, 5, 30, 60]) {
      const folder = temporaryDirectory()
      const store = join(folder, 'store.db')
      await session(store, revokeAll(names('a', 20)))
      copyFileSync(store, join(folder, 'backup.db'))
      await session(store, revokeAll(names('lost', 30)))
      const undone = readFileSync(snapshotOf(store))
      renameSync(join(folder, 'backup.db'), store)
      // Others go on from the backup, without this snapshot: its number may be behind, equal or ahead.
      rmSync(snapshotOf(store))
      await session(store, revokeAll(names('new', afterwards)))
      writeFileSync(snapshotOf(store), undone)
      await expectRight(store, [...names('a', 20), ...names('new', afterwards)], names('lost', 30))
    }
  })
})
