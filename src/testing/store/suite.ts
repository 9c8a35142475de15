import assert from 'node:assert/strict'
import type { RevocationStore, StoredRow } from '../../ports/index.js'
import type { SuiteRunner } from '../suite-runner.js'
import { storeBucketSuite } from './buckets.js'
import { storeFollowSuite } from './change-log.js'
import { testDeciding } from './deciding.js'
import {
  collect,
  digestOf,
  follow,
  id,
  NOW,
  openStore,
  revoke,
  selector,
  unrevoke,
  wordsOf,
} from './fixtures.js'
import type { StoreHarness, SuiteIt } from './harness.js'
import { storeHistorySuite } from './histories.js'
import { storeSessionSuite } from './sessions.js'
import { storeTimesSuite } from './times.js'
import { storeUpsertSuite } from './upserts.js'

/**
 * Tests the promises of a {@link RevocationStore}.
 *
 * @example
 * import { describe, it } from 'node:test'
 * storeSuite({ describe, it }, 'my store', {
 *   async make() {
 *     const directory = await mkdtemp(join(tmpdir(), 'store-'))
 *     return { connect: () => new MyStore(directory), dispose: () => rm(directory, { recursive: true }) }
 *   },
 * })
 */
export function storeSuite(runner: SuiteRunner, name: string, harness: StoreHarness): void {
  const { describe } = runner
  const it: SuiteIt = (title, test) => {
    runner.it(title, async () => {
      const fixture = await harness.make()
      const stores: RevocationStore[] = []
      const connect = (): RevocationStore => {
        const store = fixture.connect()
        stores.push(store)
        return store
      }
      try {
        await test({ ...fixture, connect })
      } finally {
        for (const store of stores) await store.close()
        await fixture.dispose()
      }
    })
  }

  describe(`${name}: a revocation store`, () => {
    testRecords(it)
    testDeciding(it)
    testLimits(it)
    testNamespaces(it)
  })

  storeFollowSuite(describe, it, name)
  storeHistorySuite(describe, it, name)
  storeBucketSuite(describe, it, name)
  storeUpsertSuite(describe, it, name)
  storeTimesSuite(describe, it, name)
  storeSessionSuite(describe, it, name)
}

/** Tests what is written and read again. */
function testRecords(it: SuiteIt): void {
  it('numbers changes without gaps, in the order of the calls', async ({ connect }) => {
    const { store } = await openStore(connect())
    const commits = await Promise.all([
      store.write([revoke(1), revoke(2)]),
      store.write([revoke(3)]),
      store.write([revoke(4), revoke(1), revoke(5)]),
    ])
    assert.deepEqual(
      commits.map(({ written }) => written.map(({ seq }) => seq)),
      [[1, 2], [3], [4, 5, 6]],
    )
    assert.equal(store.stats().seq, 6)
  })

  it('answers a written record at once, and nothing for others', async ({ connect }) => {
    const { store } = await openStore(connect())
    const records = [
      revoke(1, { target: { kind: 'id', claim: 'jti', id: 'a "quoted" ü 𝄞 id', iss: 'https://issuer' } }),
      revoke(2, { target: { kind: 'id', claim: 'uti', id: 42 } }),
      revoke(3, { target: { kind: 'hash', sha256: 'o6XCl3iTYG8' }, reason: '', actor: 'admin\n' }),
      revoke(5, { notBefore: NOW + 30_000 }),
      revoke(4, {
        ...selector({ sub: 'a', tenant: 7 }),
        issuedBefore: NOW - 1,
        issuedThrough: NOW / 1000 - 1,
      }),
    ]
    await store.write(records)
    const given = (row: Partial<StoredRow>) => [
      ...[row.target, row.expiresAt, row.revokedAt, row.notBefore],
      ...[row.issuedBefore, row.issuedThrough, row.reason, row.actor],
    ]
    for (const [i, record] of records.entries()) {
      const row = await store.get(wordsOf(record.digest))
      assert.deepEqual([row?.seq, row?.revoked, row && given(row)], [i + 1, true, given(record)])
    }
    assert.equal(await store.get(wordsOf(digestOf(6))), undefined)
  })

  it('keeps its rows, its id and its key when it is opened again', async ({ connect }) => {
    const first = await openStore(connect())
    const { epoch } = await first.store.write([revoke(1), revoke(2), unrevoke(2)])
    const row = await first.store.get(wordsOf(digestOf(1)))
    await first.store.close()
    const second = await openStore(connect())
    assert.deepEqual(second.info, first.info)
    assert.deepEqual(await second.store.get(wordsOf(digestOf(1))), row)
    assert.equal((await second.store.get(wordsOf(digestOf(2))))?.revoked, false)
    const { changes } = await follow(second.store, { seq: 3, epoch })
    assert.deepEqual(changes, [])
    assert.deepEqual((await second.store.write([revoke(3)])).written[0]?.seq, 4)
  })
}

/** Tests large writes, refused times and digest keys. */
function testLimits(it: SuiteIt): void {
  it('commits large writes', async ({ connect }) => {
    const { store } = await openStore(connect())
    const mutations = Array.from({ length: 10_000 }, (_, i) => revoke(i))
    const [{ written }, other] = await Promise.all([store.write(mutations), store.write([revoke(10_000)])])
    assert.deepEqual(
      written.map(({ seq }) => seq),
      mutations.map((_, i) => i + 1),
    )
    assert.equal(other.written[0]?.seq, 10_001)
  })

  it("refuses a write with a time that it can't keep, and writes nothing of it", async ({ connect }) => {
    const { store } = await openStore(connect())
    const results = await Promise.allSettled([
      store.write([revoke(1)]),
      store.write([revoke(2), revoke(3, { expiresAt: Number.NaN })]),
      store.write([revoke(4)]),
    ])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    await assert.rejects(store.write([revoke(3, { expiresAt: -1 })]), { code: 'ERR_INVALID_TIME' })
    assert.equal(await store.get(wordsOf(digestOf(2))), undefined)
    assert.equal(store.stats().seq, 2)
  })

  it('uses the configured key, and refuses to be opened with another', async ({ connect }) => {
    const secret = Uint8Array.from({ length: 16 }, (_, i) => i)
    const first = await openStore(connect(), { secret })
    assert.deepEqual(Buffer.from(first.info.key), Buffer.from(secret))
    await first.store.write([revoke(1)])
    await first.store.close()
    const mismatch = { code: 'ERR_STORE_MISMATCH' }
    await assert.rejects(openStore(connect(), { secret: secret.map((byte) => byte + 1) }), mismatch)
    await assert.rejects(openStore(connect()), mismatch)
    const again = await openStore(connect(), { secret })
    assert.equal((await again.store.get(wordsOf(digestOf(1))))?.revoked, true)
  })

  it('makes a key if none is configured, and refuses a different one later', async ({ connect }) => {
    const first = await openStore(connect())
    assert.equal(first.info.key.length, 16)
    await first.store.close()
    const other = first.info.key.map((byte) => byte ^ 1)
    await assert.rejects(openStore(connect(), { secret: other }), { code: 'ERR_STORE_MISMATCH' })
  })
}

/** Tests namespaces, lists and the close of a store. */
function testNamespaces(it: SuiteIt): void {
  it('keeps namespaces apart, even for equal digests', async ({ connect }) => {
    const a = (await openStore(connect(), { namespace: 'a' })).store
    const b = (await openStore(connect(), { namespace: 'b' })).store
    await a.write([revoke(1), revoke(2)])
    assert.equal(await b.get(wordsOf(digestOf(1))), undefined)
    await b.write([revoke(1, { reason: 'b' }), unrevoke(2)])
    assert.equal((await a.get(wordsOf(digestOf(1))))?.reason, undefined)
    assert.equal((await a.get(wordsOf(digestOf(2))))?.revoked, true)
    const seen = await follow(b, { seq: 0, epoch: '' }, 1)
    assert.deepEqual(
      seen.changes.map(({ seq }) => seq),
      [3],
    )
    assert.deepEqual([...(await collect(b.scan(0))).live.keys()], [id(digestOf(1))])
    assert.deepEqual(
      (await b.list({ afterSeq: 0, limit: 10 })).map(({ seq }) => seq),
      [3],
    )
    assert.equal((await follow(a, { seq: 0, epoch: '' })).position.seq, 3)
  })

  it('lists in order, by pages, of one kind, and live after a time', async ({ connect }) => {
    const { store } = await openStore(connect())
    await store.write([
      revoke(1),
      revoke(2, selector({ sub: 'x' })),
      revoke(3, { expiresAt: NOW / 1000 + 5 }),
      revoke(4),
      unrevoke(4),
    ])
    const list = async (query: object): Promise<number[]> =>
      (await store.list({ afterSeq: 0, limit: 100, ...query })).map(({ seq }) => seq)
    assert.deepEqual(await list({}), [1, 2, 3, 5])
    assert.deepEqual(await list({ limit: 2 }), [1, 2])
    assert.deepEqual(await list({ limit: 2, afterSeq: 2 }), [3, 5])
    assert.deepEqual(await list({ kind: 'selector' }), [2])
    assert.deepEqual(await list({ kind: 'token' }), [1, 3, 5])
    assert.deepEqual(await list({ liveAfter: NOW / 1000 + 5 }), [1, 2, 5])
  })

  it('finishes accepted writes on close, closes twice, then refuses every call', async ({ connect }) => {
    const { store } = await openStore(connect())
    const writing = store.write([revoke(1)])
    const closing = store.close()
    assert.equal((await writing).written[0]?.seq, 1)
    await Promise.all([closing, store.close()])
    const closed = { code: 'ERR_CLOSED' }
    await assert.rejects(store.write([revoke(2)]), closed)
    await assert.rejects(async () => store.get(wordsOf(digestOf(1))), closed)
    await assert.rejects(async () => store.poll({ seq: 0, epoch: '' }, 10), closed)
    await assert.rejects(async () => store.list({ afterSeq: 0, limit: 1 }), closed)
    await assert.rejects(store.scan(0).next(), closed)
  })
}
