import assert from 'node:assert/strict'
import type { Position } from '../../ports/index.js'
import type { SuiteRunner } from '../suite-runner.js'
import { digestOf, follow, id, openStore, revoke, unrevoke } from './fixtures.js'
import type { SuiteIt } from './harness.js'

const START = { seq: 0, epoch: '' }

/**
 * What lets an engine go on in another history of its store: part of {@link storeSuite}. A store without
 * `contains` has nothing to show.
 */
export function storeHistorySuite(describe: SuiteRunner['describe'], it: SuiteIt, name: string): void {
  describe(`${name}: another history of a store`, () => {
    testPositions(it)
    testDivergence(it)
  })
}

function testPositions(it: SuiteIt): void {
  it('says which positions its history contains', async ({ connect }) => {
    const { store } = await openStore(connect())
    const other = (await openStore(connect(), { namespace: 'other' })).store
    if (store.contains === undefined) return
    const first = await store.write([revoke(1), revoke(2), revoke(3)])
    const second = await other.write([revoke(1)])
    const third = await store.write([revoke(4)])
    assert.deepEqual([second.previous, third.previous], [first.epoch, second.epoch])
    assert.equal(new Set([first.epoch, second.epoch, third.epoch]).size, 3)
    const asked: [Position, boolean][] = [
      [{ seq: 5, epoch: third.epoch }, true],
      [{ seq: 4, epoch: third.epoch }, false],
      [{ seq: 4, epoch: second.epoch }, true],
      [{ seq: 3, epoch: first.epoch }, true],
      [{ seq: 2, epoch: first.epoch }, true],
      [{ seq: 1, epoch: 'of another history' }, false],
      [START, true],
      [{ seq: 6, epoch: third.epoch }, false],
    ]
    const answers = await store.contains(asked.map(([position]) => position))
    assert.deepEqual(
      answers,
      asked.map(([, contained]) => contained),
    )
    assert.deepEqual(await store.contains([]), [])
  })
}

function testDivergence(it: SuiteIt): void {
  it('goes on from a common position after it lost commits', async ({ connect, backup }) => {
    const { store } = await openStore(connect())
    if (store.contains === undefined || backup === undefined) return
    await store.write([revoke(1), revoke(2)])
    const common = (await follow(store, START)).position
    const restore = await backup()
    await store.write([unrevoke(1), revoke(3)])
    const lost = (await follow(store, common)).position
    await restore()
    const { written } = await store.write([revoke(4), revoke(5)])
    assert.deepEqual(
      written.map(({ seq }) => seq),
      [3, 4],
    )
    for (let asked = 0; asked < 2; asked++)
      assert.deepEqual(await store.poll(lost, 10), { status: 'diverged' })
    assert.deepEqual(await store.contains([lost, common]), [false, true])
    const { changes } = await follow(store, common)
    assert.deepEqual(
      changes.map(({ digest }) => id(digest)),
      [4, 5].map((n) => id(digestOf(n))),
    )
    if (store.isCurrent !== undefined) assert.equal(store.isCurrent(), true)
  })
}
