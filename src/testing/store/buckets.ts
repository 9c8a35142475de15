import assert from 'node:assert/strict'
import { bucketOf } from '../../buckets/layout.js'
import type { BucketRead, BucketSource, BucketVersion } from '../../ports/bucket-source.js'
import type { RevocationStore } from '../../ports/index.js'
import type { SuiteRunner } from '../suite-runner.js'
import { digestOf, follow, id, NOW, openStore, revoke, selector, unrevoke, wordsOf } from './fixtures.js'
import type { SuiteIt } from './harness.js'

type Version = Pick<BucketVersion, 'seq' | 'tag'>

type BucketIt = (
  title: string,
  test: (
    store: RevocationStore,
    source: BucketSource,
    other: () => Promise<RevocationStore>,
  ) => Promise<void>,
) => void

/** Defines tests that pass at once for a store without buckets. */
function forBuckets(it: SuiteIt): BucketIt {
  return (title, test) =>
    it(title, async ({ connect }) => {
      const { store } = await openStore(connect(), { buckets: true })
      if (store.buckets === undefined) return
      await test(store, store.buckets, async () => (await openStore(connect(), { buckets: true })).store)
    })
}

/** The buckets that feed a prefix cache, of the stores that have them: part of {@link storeSuite}. */
export function storeBucketSuite(describe: SuiteRunner['describe'], it: SuiteIt, name: string): void {
  const withBuckets = forBuckets(it)
  describe(`${name}: buckets`, () => {
    testVersions(withBuckets)
    testReads(withBuckets)
    testSplits(withBuckets)
  })
}

/** Tests the versions of buckets. */
function testVersions(withBuckets: BucketIt): void {
  withBuckets('a commit moves the versions of just the buckets that it changes', async (store, source) => {
    await store.write([revoke(0)])
    await source.split(4)
    const before = await versions(source)
    const mutations = [revoke(1), revoke(2), revoke(3), revoke(1)]
    const { written, buckets } = await store.write(mutations)
    assert.equal(buckets?.bits, 4)
    const expected = new Map(before)
    for (const [i, { digest }] of mutations.entries()) {
      expected.set(bucketOf(wordsOf(digest), 4), text({ seq: written[i]?.seq ?? 0, tag: buckets.tag }))
    }
    assert.deepEqual(await versions(source), expected)
    assert.notDeepEqual(expected, before)
  })

  withBuckets('a write that changes nothing moves no version', async (store, source) => {
    await store.write([revoke(1)])
    const before = await versions(source)
    await store.write([unrevoke(2)])
    assert.deepEqual(await versions(source), before)
  })

  withBuckets('each commit has a tag of its own', async (store) => {
    const tags = new Set<string>()
    for (let n = 0; n < 20; n++)
      tags.add(hex((await store.write([revoke(n % 3)])).buckets?.tag ?? new Uint8Array(0)))
    assert.equal(tags.size, 20)
  })

  withBuckets(
    'a poll has the versions of the buckets whose changes it delivers',
    async (store, source, other) => {
      const writer = await other()
      await writer.write([revoke(0)])
      await source.split(3)
      const { position } = await follow(store, { seq: 0, epoch: '' })
      await writer.write([revoke(1), revoke(2)])
      const poll = await store.poll(position, 100)
      assert.ok(poll.status === 'ok')
      const changed = new Set(poll.changes.map(({ digest }) => bucketOf(digest, 3)))
      assert.equal(poll.buckets?.bits, 3)
      assert.deepEqual(new Set(poll.buckets.versions.map(({ bucket }) => bucket)), changed)
      const all = await versions(source)
      for (const version of poll.buckets.versions) assert.equal(text(version), all.get(version.bucket))
    },
  )
}

/** Tests what a read of one bucket delivers. */
function testReads(withBuckets: BucketIt): void {
  withBuckets(
    'a whole bucket has all that is revoked, expired or not, with cutoffs',
    async (store, source) => {
      await store.write([
        revoke(1),
        revoke(2, { expiresAt: NOW / 1000 - 9999, revokedAt: NOW - 20_000_000 }),
        revoke(3, { ...selector({ sub: 'x' }), issuedBefore: NOW, issuedThrough: NOW / 1000 }),
        revoke(4),
        unrevoke(4),
      ])
      const read = await ok(source, 0, 0)
      assert.equal(read.whole, true)
      assert.equal(read.rows, 4)
      assert.deepEqual(content(read), new Set([1, 2, 3].map((n) => id(digestOf(n)))))
      const third = read.entries.find(({ digest }) => id(digest) === id(digestOf(3)))
      assert.deepEqual([third?.expiresAt, third?.issuedThrough], [NOW / 1000 + 3600, NOW / 1000])
    },
  )

  withBuckets('an entry that starts later revokes nothing by itself', async (store, source) => {
    const { buckets } = await store.write([revoke(1)])
    const since = { seq: 1, tag: buckets?.tag ?? new Uint8Array(8) }
    await store.write([revoke(2, { notBefore: NOW + 1000 })])
    for (const read of [await ok(source, 0, 0), await ok(source, 0, 0, since)]) {
      const second = read.entries.find(({ digest }) => id(digest) === id(digestOf(2)))
      assert.deepEqual([second?.revoked, second?.expiresAt], [true, 0])
    }
  })

  withBuckets(
    'a read since a recent version has the changes; since any other, everything',
    async (store, source) => {
      const { buckets, written } = await store.write([revoke(1), revoke(2)])
      const since = { seq: written[1]?.seq ?? 0, tag: buckets?.tag ?? new Uint8Array(8) }
      await store.write([unrevoke(1)])
      await store.write([revoke(3)])
      const changed = await ok(source, 0, 0, since)
      assert.equal(changed.whole, false)
      assert.deepEqual(
        changed.entries.map(({ digest, revoked }) => [id(digest), revoked]).sort(),
        [
          [id(digestOf(1)), false],
          [id(digestOf(3)), true],
        ].sort(),
      )
      assert.equal((await ok(source, 0, 0, { ...since, tag: new Uint8Array(8).fill(9) })).whole, true)
      assert.deepEqual((await ok(source, 0, 0, changed.version)).entries, [])
    },
  )
}

/** Tests the parts of a split bucket. */
function testSplits(withBuckets: BucketIt): void {
  withBuckets(
    'parts of a split bucket have its version, and each the entries that are its',
    async (store, source) => {
      const { buckets, written } = await store.write(Array.from({ length: 200 }, (_, n) => revoke(n)))
      const whole = content(await ok(source, 0, 0))
      await source.split(5)
      await source.split(5)
      await source.split(2) // fewer buckets, so nothing changes
      assert.deepEqual(await source.read(0, 0, undefined), { status: 'layout-changed' })
      const all = await versions(source)
      assert.deepEqual(
        [...all.keys()].sort((a, b) => a - b),
        Array.from({ length: 32 }, (_, i) => i),
      )
      for (const version of all.values())
        assert.equal(version, text({ seq: written.at(-1)?.seq ?? 0, tag: buckets?.tag ?? new Uint8Array(0) }))
      const parts = await Promise.all(Array.from({ length: 32 }, (_, bucket) => ok(source, bucket, 5)))
      for (const [bucket, part] of parts.entries()) {
        for (const { digest } of part.entries) assert.equal(bucketOf(wordsOf(digest), 5), bucket)
      }
      assert.deepEqual(new Set(parts.flatMap((part) => [...content(part)])), whole)
      assert.equal((await store.write([revoke(1)])).buckets?.bits, 5)
    },
  )
}

async function ok(
  source: BucketSource,
  bucket: number,
  bits: number,
  since?: Version,
): Promise<Extract<BucketRead, { status: 'ok' }>> {
  const read = await source.read(bucket, bits, since)
  assert.ok(read.status === 'ok')
  return read
}

async function versions(source: BucketSource): Promise<Map<number, string>> {
  return new Map((await source.versions()).versions.map((version) => [version.bucket, text(version)]))
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const text = ({ seq, tag }: Version): string => `${seq} ${hex(tag)}`
const content = (read: Extract<BucketRead, { status: 'ok' }>): Set<string> =>
  new Set(read.entries.map(({ digest }) => id(digest)))
