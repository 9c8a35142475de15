import assert from 'node:assert/strict'
import type { Mutation } from '../../ports/index.js'
import type { SuiteRunner } from '../suite-runner.js'
import {
  collect,
  digestOf,
  follow,
  id,
  NOW,
  openStore,
  read,
  revoke,
  selector,
  unrevoke,
  write,
} from './fixtures.js'
import type { SuiteIt } from './harness.js'

/** The suites' present, in seconds. */
const SECOND = NOW / 1000
const user = selector({ sub: 'u' })

/** From when and until when a revocation counts: part of {@link storeSuite}. */
export function storeTimesSuite(describe: SuiteRunner['describe'], it: SuiteIt, name: string): void {
  describe(`${name}: the time of a revocation`, () => {
    testTolerance(it)
    testStarts(it)
  })
}

/** Tests that the largest tolerance of all engines counts. */
function testTolerance(it: SuiteIt): void {
  it('keeps what any opening of the store still honours, whoever writes', async ({ connect }) => {
    const large = { namespace: 'other', clockToleranceSeconds: 5000 }
    const first = (await openStore(connect(), large)).store
    await first.close()
    const { store } = await openStore(connect(), { clockToleranceSeconds: 60 })
    assert.ok((store.clockToleranceSeconds ?? 5000) >= 5000)
    const at = (second: number, expiresAt: number): Mutation =>
      revoke(1, { ...user, issuedThrough: SECOND + second, issuedBefore: NOW + second * 1000, expiresAt })
    await write(store, at(10, SECOND - 4000), at(5, SECOND + 100), revoke(2, { expiresAt: SECOND - 4000 }))
    const row = await read(store, 1)
    assert.deepEqual([row?.issuedThrough, row?.expiresAt], [SECOND + 10, SECOND + 100])
    assert.deepEqual(await write(store, unrevoke(2), unrevoke(1, NOW + 5_100_000)), [
      [4, SECOND - 4000],
      [0, 0],
    ])
  })

  it('takes up a larger tolerance while it is open', async ({ connect }) => {
    const { store } = await openStore(connect(), { clockToleranceSeconds: 60 })
    await write(store, revoke(1, { expiresAt: SECOND - 4000 }))
    assert.deepEqual(await write(store, unrevoke(1)), [[0, 0]])
    await openStore(connect(), { namespace: 'other', clockToleranceSeconds: 5000 })
    assert.deepEqual(await write(store, unrevoke(1)), [[2, SECOND - 4000]])
    await follow(store, { seq: 0, epoch: '' })
    assert.ok((store.clockToleranceSeconds ?? 5000) >= 5000)
  })
}

/** Tests revocations that begin to count later. */
function testStarts(it: SuiteIt): void {
  const from = (seconds?: number): Mutation =>
    revoke(1, seconds === undefined ? {} : { notBefore: NOW + seconds * 1000 })

  it('keeps the earlier start, and says which one stands', async ({ connect }) => {
    const { store } = await openStore(connect())
    const started = async (mutation: Mutation): Promise<unknown> => {
      const { written } = await store.write([mutation])
      const row = await read(store, 1)
      assert.equal(row?.notBefore, written[0]?.notBefore)
      return row?.notBefore
    }
    assert.equal(await started(from(30)), NOW + 30_000)
    assert.equal(await started(from(60)), NOW + 30_000)
    assert.equal(await started(from(20.0005)), NOW + 20_000)
    assert.equal(await started(from()), undefined)
    assert.equal(await started(from(60)), undefined)
    await store.write([unrevoke(1)])
    assert.equal(await started(from(60)), NOW + 60_000)
  })

  it('tells one of those who revoke later, and one of those who revoke at once, that it was first', async ({
    connect,
  }) => {
    const { store } = await openStore(connect())
    const { written } = await store.write([from(30), from(60), from(20), from(0), from(), from(60)])
    assert.deepEqual(
      written.map(({ already }) => already),
      [false, true, true, false, true, true],
    )
    await store.write([revoke(2, { notBefore: NOW + 30_000 })])
    const now = revoke(2, { revokedAt: NOW + 30_000 })
    assert.equal((await store.write([now])).written[0]?.already, true)
  })

  it('scans and reports a revocation that starts later like any other', async ({ connect }) => {
    const { store } = await openStore(connect())
    await store.write([from(30)])
    const { live } = await collect(store.scan(0))
    assert.deepEqual([...live.keys()], [id(digestOf(1))])
    const { changes } = await follow(store, { seq: 0, epoch: '' })
    assert.deepEqual(
      changes.map(({ revoked }) => revoked),
      [true],
    )
    assert.deepEqual(await write(store, unrevoke(1)), [[2, SECOND + 3600]])
  })
}
