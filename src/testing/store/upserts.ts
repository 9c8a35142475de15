import assert from 'node:assert/strict'
import type { Mutation, RevocationStore } from '../../ports/index.js'
import type { SuiteRunner } from '../suite-runner.js'
import { NOW, openStore, read, revoke, selector, unrevoke, write } from './fixtures.js'
import type { SuiteIt } from './harness.js'

/** The suites' present, in seconds. */
const SECOND = NOW / 1000
const user = selector({ sub: 'u' })

/** The row that remains after several writes of one digest: part of {@link storeSuite}. */
export function storeUpsertSuite(describe: SuiteRunner['describe'], it: SuiteIt, name: string): void {
  describe(`${name}: writing a digest again`, () => {
    testMerges(it)
    testReplacements(it)
    testAlready(it)
  })
}

/** Tests which of two revocations stands. */
function testMerges(it: SuiteIt): void {
  it('keeps the later expiry, and says which one stands', async ({ connect }) => {
    const { store } = await openStore(connect())
    const until = (seconds: number): Mutation => revoke(1, { expiresAt: SECOND + seconds })
    assert.deepEqual(await write(store, until(100), until(50), until(200)), [
      [1, SECOND + 100],
      [2, SECOND + 100],
      [3, SECOND + 200],
    ])
    assert.equal((await read(store, 1))?.expiresAt, SECOND + 200)
    assert.equal((await read(store, 1))?.seq, 3)
  })

  it('keeps the later cutoff, whichever came last', async ({ connect }) => {
    const { store } = await openStore(connect())
    const at = (second: number, ms: number, revokedAt: number): Mutation =>
      revoke(1, { ...user, issuedThrough: SECOND + second, issuedBefore: NOW + ms, revokedAt })
    await write(store, at(10, 10_500, NOW + 1), at(5, 5000, NOW + 2))
    const kept = await read(store, 1)
    assert.deepEqual(
      [kept?.issuedThrough, kept?.issuedBefore, kept?.revokedAt],
      [SECOND + 10, NOW + 10_500, NOW + 1],
    )
    await write(store, at(20, 20_500, NOW + 3))
    const moved = await read(store, 1)
    assert.deepEqual(
      [moved?.issuedThrough, moved?.issuedBefore, moved?.revokedAt],
      [SECOND + 20, NOW + 20_500, NOW + 3],
    )
  })

  it('treats a missing cutoff as the latest', async ({ connect }) => {
    const { store } = await openStore(connect())
    const limited = revoke(1, { ...user, issuedThrough: SECOND, issuedBefore: NOW })
    await write(store, limited, revoke(1, user), limited)
    const row = await read(store, 1)
    assert.deepEqual([row?.issuedThrough, row?.issuedBefore], [undefined, undefined])
  })

  it('keeps reason and actor unless new ones are given, and the first time', async ({ connect }) => {
    const { store } = await openStore(connect())
    await write(
      store,
      revoke(1, { reason: 'stolen', actor: 'ann' }),
      revoke(1, { revokedAt: NOW + 1, actor: 'bob' }),
    )
    const row = await read(store, 1)
    assert.deepEqual([row?.reason, row?.actor, row?.revokedAt], ['stolen', 'bob', NOW])
  })
}

/** Tests who is told that a revocation was there already. */
function testAlready(it: SuiteIt): void {
  const already = async (store: RevocationStore, ...mutations: Mutation[]): Promise<boolean[]> =>
    (await store.write(mutations)).written.map((one) => one.already)

  it('tells exactly one of those who revoke a token at once that it came first', async ({ connect }) => {
    const stores = [(await openStore(connect())).store, (await openStore(connect())).store]
    const writes = stores.flatMap((store) => [
      already(store, revoke(1), revoke(1)),
      already(store, revoke(1)),
    ])
    const told = (await Promise.all(writes)).flat()
    assert.deepEqual(told.toSorted(), [false, true, true, true, true, true])
  })

  it('looks at the tokens that are revoked, not at the expiry', async ({ connect }) => {
    const { store } = await openStore(connect())
    const longer = revoke(1, { expiresAt: SECOND + 9999 })
    assert.deepEqual(await already(store, revoke(1), longer, unrevoke(1), revoke(1)), [
      false,
      true,
      false,
      false,
    ])
    const later = NOW + 20_000_000
    assert.deepEqual(await already(store, revoke(1, { expiresAt: SECOND + 30_000, revokedAt: later })), [
      false,
    ])
  })

  it('does not count a revocation with an earlier cutoff', async ({ connect }) => {
    const { store } = await openStore(connect())
    const through = (second: number, ms = 0): Mutation =>
      revoke(1, { ...user, issuedThrough: SECOND + second, issuedBefore: NOW + second * 1000 + ms })
    const told = await already(
      store,
      through(5),
      through(5, 7),
      through(6),
      through(5),
      revoke(1, user),
      through(9),
    )
    assert.deepEqual(told, [false, true, false, true, false, true])
  })
}

/** Tests revocations after an expiry or a tombstone. */
function testReplacements(it: SuiteIt): void {
  it('replaces an expired revocation', async ({ connect }) => {
    const { store } = await openStore(connect())
    const later = NOW + 100_000
    await write(
      store,
      revoke(1, { expiresAt: SECOND + 100, reason: 'old', ...user, issuedThrough: SECOND + 90 }),
    )
    await write(
      store,
      revoke(1, { expiresAt: SECOND + 150, revokedAt: later, ...user, issuedThrough: SECOND + 60 }),
    )
    const row = await read(store, 1)
    assert.deepEqual(
      [row?.expiresAt, row?.reason, row?.issuedThrough, row?.revokedAt],
      [SECOND + 150, undefined, SECOND + 60, later],
    )
  })

  it('leaves a tombstone if something was live, else nothing', async ({ connect }) => {
    const { store } = await openStore(connect())
    await write(store, revoke(1, { reason: 'mistake' }), revoke(2, { expiresAt: SECOND + 10 }))
    assert.deepEqual(await write(store, unrevoke(1), unrevoke(1), unrevoke(2, NOW + 10_000), unrevoke(3)), [
      [3, SECOND + 3600],
      [0, 0],
      [0, 0],
      [0, 0],
    ])
    const row = await read(store, 1)
    assert.deepEqual([row?.seq, row?.revoked, row?.expiresAt], [3, false, SECOND + 3600])
    assert.equal((await read(store, 2))?.revoked, true)
    assert.equal(store.stats().seq, 3)
  })

  it('revokes again over a tombstone, as if it were new', async ({ connect }) => {
    const { store } = await openStore(connect())
    await write(store, revoke(1, { reason: 'first', expiresAt: SECOND + 900 }), unrevoke(1))
    assert.deepEqual(await write(store, revoke(1, { expiresAt: SECOND + 300 })), [[3, SECOND + 300]])
    const row = await read(store, 1)
    assert.deepEqual(
      [row?.seq, row?.revoked, row?.expiresAt, row?.reason],
      [3, true, SECOND + 300, undefined],
    )
  })
}
