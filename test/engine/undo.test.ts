import fc from 'fast-check'
import type { TokenClaims } from 'revocade'
import { describe, expect, it } from 'vitest'
import { internalsOf } from '#dist/engine/internals.js'
import { newestRows, rowAt, rowsAfter } from '#dist/engine/newest-rows.js'
import { takenBackBy, undo } from '#dist/engine/undo.js'
import { createPermissions } from '#dist/permissions/index.js'
import type { SessionStore, StoredRow } from '#dist/ports/index.js'
import { MemoryStore } from '#dist/testing/index.js'
import { open, verdict } from '../support/engine.js'
import { ManualClock } from '../support/time.js'

const exp = Math.floor(Date.now() / 1000) + 3600
const token = { jti: 'a', exp }
const OPTIONS = { maxTokenLifetimeSeconds: 3600 }

async function rowOf(engine: Awaited<ReturnType<typeof open>>, seq: number): Promise<StoredRow> {
  const row = await rowAt(internalsOf(engine, 'test').store, seq)
  if (row === undefined) throw new Error(`there is no row ${seq}`)
  return row
}

describe('undo', () => {
  it('takes back what was seen, once', async () => {
    const engine = await open({ store: new MemoryStore() })
    const { seq } = await engine.revoke(token)
    const seen = await rowOf(engine, seq)
    expect(await undo(engine, seen)).toMatchObject({ outcome: 'unrevoked', seq: seq + 1 })
    expect(await verdict(engine, token)).toBe('active')
    expect(await undo(engine, seen)).toBeUndefined()
    expect(await rowAt(internalsOf(engine, 'test').store, seq)).toBeUndefined()
  })

  it('finds selectors, ids of any issuer, hashes, and everybody', async () => {
    const engine = await open({ store: new MemoryStore(), ...OPTIONS })
    const receipts = [
      await engine.revokeWhere({ sub: 7 }),
      await engine.revokeWhere({ jti: 'b' }, { issuedBefore: 'ever' }),
      await engine.revoke('opaque', { expiresAt: exp }),
      await engine.revokeWhere({}),
    ]
    for (const { seq, target } of receipts)
      expect(await undo(engine, { target, seq })).toMatchObject({ outcome: 'unrevoked' })
    const claims: TokenClaims = { ...token, ...Object.fromEntries([['sub', '7']]), iat: 1 }
    expect(await verdict(engine, claims)).toBe('active')
  })

  it('writes nothing when somebody revokes it again before the commit', async () => {
    const store = new MemoryStore()
    const engine = await open({ store })
    const other = await open({ store: new MemoryStore(store) })
    const { seq } = await engine.revoke(token, { reason: 'by mistake' })
    const seen = await rowOf(engine, seq)
    const sessions: SessionStore = store.sessions
    const commit = sessions.commit.bind(sessions)
    let between = true
    sessions.commit = async (given) => {
      if (between) await other.revoke(token, { reason: 'stolen' })
      between = false
      return commit(given)
    }
    expect(await undo(engine, seen)).toBeUndefined()
    for (const asked of [engine, other]) expect(await asked.check(token)).toMatchObject({ status: 'revoked' })
    expect((await rowOf(engine, seq + 1)).reason).toBe('stolen')
  })

  it('has nothing to do where it has expired', async () => {
    const clock = new ManualClock()
    const engine = await open({ store: new MemoryStore(), clock })
    const { seq, target } = await engine.revoke({ jti: 'a', exp: Math.floor(clock.now() / 1000) + 60 })
    clock.advance(3_600_000)
    expect(await undo(engine, { target, seq })).toMatchObject({ outcome: 'unchanged', seq: 0 })
  })

  it('is refused by a store that can not commit on a condition', async () => {
    const store = new MemoryStore()
    Object.defineProperty(store, 'sessions', { value: undefined })
    const engine = await open({ store })
    const { seq, target } = await engine.revoke(token)
    await expect(undo(engine, { target, seq })).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})

describe('who takes back', () => {
  const by = async (engine: Awaited<ReturnType<typeof open>>): Promise<string | undefined> => {
    const rows: StoredRow[] = []
    for await (const row of newestRows(internalsOf(engine, 'test').store)) rows.push(row)
    expect(rows.map(({ revoked }) => revoked)).toEqual([false])
    const [row] = rows
    return row && takenBackBy(engine, row)
  }

  it('is noted in the same commit, and told of the last time only', async () => {
    const engine = await open({ store: new MemoryStore() })
    const { seq } = await engine.revoke(token, { actor: 'carol' })
    const seen = await rowOf(engine, seq)
    expect(await takenBackBy(engine, seen)).toBeUndefined()
    const receipt = await undo(engine, seen, 'alice')
    expect(receipt).toMatchObject({ outcome: 'unrevoked', seq: seq + 1 })
    expect(await rowOf(engine, seq + 1)).toMatchObject({ revoked: false, actor: 'carol' })
    expect(await by(engine)).toBe('alice')
    await engine.revoke(token)
    expect(await takenBackBy(engine, await rowOf(engine, seq + 4))).toBeUndefined()
    await engine.unrevoke(token, { actor: 'dave' })
    expect(await by(engine)).toBe('dave')
    // Nothing was taken back, so nothing changes.
    expect(await engine.unrevoke(token, { actor: 'erin' })).toMatchObject({ outcome: 'unchanged', seq: 0 })
    expect(await by(engine)).toBe('dave')
    await engine.revoke(token)
    await engine.unrevoke(token)
    expect(await by(engine)).toBeUndefined()
    expect(await verdict(engine, token)).toBe('active')
  })

  it('is noted for a selector, and read by engines on another instance of the store', async () => {
    const store = new MemoryStore()
    const engine = await open({ store, ...OPTIONS })
    const other = await open({ store: new MemoryStore(store), ...OPTIONS })
    await engine.revokeWhere({ sub: 7 })
    await engine.unrevokeWhere({ sub: '7' }, { actor: 'alice' })
    expect([await by(engine), await by(other)]).toEqual(['alice', 'alice'])
  })

  it('is a text of at most 1,024 characters', async () => {
    const engine = await open({ store: new MemoryStore() })
    for (const options of [{ actor: 'x'.repeat(1025) }, JSON.parse('{"actor":1}'), JSON.parse('{"x":1}')])
      await expect(engine.unrevoke(token, options as object)).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})

describe('the newest rows', () => {
  const newest = async (engine: Awaited<ReturnType<typeof open>>, before?: number): Promise<number[]> => {
    const seqs: number[] = []
    const { store } = internalsOf(engine, 'test')
    for await (const { seq } of newestRows(store, { before })) seqs.push(seq)
    return seqs
  }

  it('come in the order of their changes, however far they lie apart', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 3000 }),
        async (blocks, before) => {
          const store = new MemoryStore()
          const engine = await open({ store })
          for (const [i, size] of blocks.entries()) {
            // Each second block moves the rows of the one before, and leaves a gap.
            const name = (n: number) => `${Math.floor(i / 2)}-${n % 700}`
            await engine.revokeMany(
              Array.from({ length: size }, (_, n) => ({ jti: name(n), expiresAt: exp })),
            )
          }
          const all: number[] = []
          for await (const { seq } of rowsAfter(store, 0)) all.push(seq)
          expect(all.length).toBeGreaterThan(0)
          expect(await newest(engine)).toEqual(all.toReversed())
          expect(await newest(engine, before)).toEqual(all.filter((seq) => seq < before).toReversed())
          await engine.close()
        },
      ),
      { numRuns: 15 },
    )
  })

  it('have tombstones, and no marks', async () => {
    const engine = await open({ store: new MemoryStore(), ...OPTIONS })
    const permissions = createPermissions(engine, { load: () => 1 })
    const { seq } = await engine.revoke(token)
    const { seq: buried } = await engine.unrevoke(token)
    const { seq: mark } = await permissions.invalidate({ sub: 'u' })
    expect([seq < buried, buried < mark]).toEqual([true, true])
    expect(await newest(engine)).toEqual([buried])
    expect(await rowAt(internalsOf(engine, 'test').store, mark)).toBeUndefined()
  })
})
