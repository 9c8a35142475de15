import assert from 'node:assert/strict'
import type { Change, Digest } from '../../ports/index.js'
import type { SuiteRunner } from '../suite-runner.js'
import { collect, digestOf, follow, id, NOW, openStore, revoke, selector, unrevoke } from './fixtures.js'
import type { SuiteIt } from './harness.js'

const START = { seq: 0, epoch: '' }

/** The change log and the snapshot, as a follower uses them: part of {@link storeSuite}. */
export function storeFollowSuite(describe: SuiteRunner['describe'], it: SuiteIt, name: string): void {
  describe(`${name}: following a store`, () => {
    testPolls(it)
    testPositions(it)
    testScans(it)
  })
}

/** Tests what a poll delivers. */
function testPolls(it: SuiteIt): void {
  it('delivers each change once, by pages, and then nothing', async ({ connect }) => {
    const { store } = await openStore(connect())
    await store.write(Array.from({ length: 7 }, (_, i) => revoke(i)))
    for (const limit of [1, 3, 7, 100]) {
      const { changes, position } = await follow(store, START, limit)
      assert.deepEqual(
        changes.map(({ seq }) => seq),
        [1, 2, 3, 4, 5, 6, 7],
      )
      assert.deepEqual(
        changes.map(({ digest }) => id(digest)),
        changes.map((_, i) => id(digestOf(i))),
      )
      const last = await store.poll(position, limit)
      assert.ok(last.status === 'ok')
      assert.deepEqual([last.changes, last.position, last.more], [[], position, false])
    }
  })

  it('delivers a row that changed again only in its last state', async ({ connect }) => {
    const { store } = await openStore(connect())
    await store.write([revoke(1), revoke(2), revoke(3)])
    const { position } = await follow(store, START)
    await store.write([revoke(1, { expiresAt: NOW / 1000 + 9999 }), unrevoke(2), revoke(1)])
    const expected = [
      [5, 2, false],
      [6, 1, true],
    ]
    const numberOf = (digest: Digest): number | undefined =>
      [1, 2, 3].find((n) => id(digestOf(n)) === id(digest))
    const told = (changes: readonly Change[]): unknown[] =>
      changes.map(({ seq, digest, revoked }) => [seq, numberOf(digest), revoked])
    assert.deepEqual(told((await follow(store, position)).changes), expected)
    assert.deepEqual(told((await follow(store, START, 2)).changes), [[3, 3, true], ...expected])
  })

  it('accepts a position that was seen but not delivered, and tells the head', async ({ connect }) => {
    const { store } = await openStore(connect())
    const { epoch } = await store.write([revoke(1), revoke(2), revoke(3)])
    const poll = await store.poll(START, 1, { seq: 3, epoch })
    assert.ok(poll.status === 'ok')
    assert.deepEqual(poll.head ?? poll.position, { seq: 3, epoch })
    for (const seen of [
      { seq: 3, epoch: 'of another history' },
      { seq: 4, epoch },
    ]) {
      assert.deepEqual(await store.poll(START, 1, seen), { status: 'diverged' })
    }
  })
}

/** Tests selectors in changes, other writers and positions. */
function testPositions(it: SuiteIt): void {
  it('names the claims of selectors', async ({ connect }) => {
    const { store } = await openStore(connect())
    await store.write([revoke(1, selector({ sub: 'x', client_id: 'c' })), revoke(2)])
    const { changes } = await follow(store, START)
    assert.deepEqual(
      changes.map((change) => change.selector),
      [['client_id', 'sub'], undefined],
    )
  })

  it('sees what others commit, and knows when there is nothing new', async ({ connect }) => {
    const { store } = await openStore(connect())
    const other = (await openStore(connect())).store
    let { position } = await follow(store, START)
    for (const n of [1, 2, 3]) {
      const { epoch, written } = await other.write([revoke(n)])
      if (store.isCurrent !== undefined) assert.equal(store.isCurrent(), false)
      const next = await follow(store, position)
      position = next.position
      assert.deepEqual(
        next.changes.map(({ seq }) => seq),
        [n],
      )
      assert.deepEqual(position, { seq: written[0]?.seq, epoch })
      if (store.isCurrent !== undefined) assert.equal(store.isCurrent(), true)
    }
  })

  it('keeps every position valid while several write, and after a reopen', async ({ connect }) => {
    const { store } = await openStore(connect())
    const other = (await openStore(connect())).store
    const positions = [START]
    for (let n = 0; n < 9; n++) {
      const { epoch, written } = await (n % 3 === 1 ? other : store).write([revoke(n)])
      positions.push({ seq: written[0]?.seq ?? 0, epoch })
    }
    await other.close()
    const third = (await openStore(connect())).store
    await third.write([revoke(10)])
    for (const position of positions) {
      const { changes } = await follow(third, position)
      const expected = Array.from({ length: 10 - position.seq }, (_, i) => position.seq + 1 + i)
      assert.deepEqual(
        changes.map(({ seq }) => seq),
        expected,
      )
    }
  })

  it('says that a position is not in its history', async ({ connect }) => {
    const { store } = await openStore(connect())
    const { epoch } = await store.write([revoke(1), revoke(2)])
    const diverged = { status: 'diverged' }
    assert.deepEqual(await store.poll({ seq: 3, epoch }, 10), diverged)
    assert.deepEqual(await store.poll({ seq: 2, epoch: 'another' }, 10), diverged)
    assert.deepEqual(await store.poll({ seq: 1, epoch: 'another' }, 10), diverged)
    assert.equal((await store.poll({ seq: 1, epoch }, 10)).status, 'ok')
  })
}

/** Tests scans, and polls that follow them. */
function testScans(it: SuiteIt): void {
  it('scans the live revocations in one snapshot, which a poll continues', async ({ connect }) => {
    const { store } = await openStore(connect())
    const soon = NOW / 1000 + 10
    await store.write([
      ...Array.from({ length: 5000 }, (_, i) => revoke(i)),
      revoke(5000, { expiresAt: soon }),
      revoke(5001, { expiresAt: soon + 1 }),
      unrevoke(7),
      revoke(8),
      revoke(6000, { ...selector({ sub: 'x' }), expiresAt: soon + 5 }),
      revoke(6001, { ...selector({ sub: 'y' }), expiresAt: soon + 9 }),
      revoke(6002, selector({ sub: 'x', azp: 'z' })),
      revoke(6003, selector({ sid: 'dead' })),
      unrevoke(6003),
    ])
    const { live, end } = await collect(store.scan(soon))
    const expected = Array.from({ length: 5000 }, (_, i) => i)
      .filter((i) => i !== 7)
      .concat(5001, 6000, 6001, 6002)
    assert.deepEqual([...live.keys()].sort(), expected.map((n) => id(digestOf(n))).sort())
    assert.equal(live.get(id(digestOf(5001))), soon + 1)
    const shapes = end.selectors.map(({ names, expiresAt }) => `${names.join()} ${expiresAt}`)
    assert.deepEqual(shapes.sort(), [`azp,sub ${NOW / 1000 + 3600}`, `sub ${soon + 9}`])
    const { written } = await store.write([revoke(9000)])
    const { changes } = await follow(store, end.position)
    assert.deepEqual(
      changes.map(({ seq }) => seq),
      [written[0]?.seq],
    )
  })

  it('may leave a scan early, and scan an empty store', async ({ connect }) => {
    const { store } = await openStore(connect())
    const { live, end } = await collect(store.scan(0))
    assert.deepEqual([live.size, end], [0, { position: START, selectors: [] }])
    await store.write(Array.from({ length: 20_000 }, (_, i) => revoke(i)))
    for await (const { digests, total } of store.scan(0)) {
      assert.ok(total >= 20_000 && digests.length > 0)
      break
    }
    assert.equal((await collect(store.scan(0))).live.size, 20_000)
  })

  it('numbers the commits of concurrent writers without gaps and loses none', async ({ connect }) => {
    const a = (await openStore(connect())).store
    const b = (await openStore(connect())).store
    const writing = Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? a : b).write([revoke(n)]))
    const commits = await Promise.all(writing)
    const seqs = commits.map((commit) => commit.written[0]?.seq ?? 0).sort((a, b) => a - b)
    assert.deepEqual(
      seqs,
      commits.map((_, i) => i + 1),
    )
    for (const store of [a, b]) assert.equal((await follow(store, START, 64)).changes.length, 200)
  })
}
