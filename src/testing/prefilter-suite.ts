import assert from 'node:assert/strict'
import type { Digest, Prefilter } from '../ports/index.js'
import { decodeSnapshot, encodeSnapshot, snapshotPieces } from '../prefilter/snapshot.js'
import type { SuiteRunner } from './suite-runner.js'

/** The filter that the suite wants from a factory. Kinds whose rate can't be chosen ignore the rate. */
export interface PrefilterRequest {
  readonly expectedRevocations: number
  readonly falsePositiveRate?: number
}

type MakePrefilter = (options: PrefilterRequest) => Promise<Prefilter>
type ReloadPrefilter = (prefilter: Prefilter) => Promise<Prefilter>
type It = SuiteRunner['it']

/**
 * Tests the promises of a prefilter, in about 100,000 calls.
 *
 * @param make makes a new, empty filter for a number of entries
 * @param reload writes a filter out and reads it in again; by default through the snapshots of this package,
 *   which know its own kinds only
 * @example
 * prefilterSuite({ describe, it }, 'bloom', (options) => createPrefilter({ kind: 'bloom', ...options }))
 */
export function prefilterSuite(
  runner: SuiteRunner,
  name: string,
  make: MakePrefilter,
  reload: ReloadPrefilter = throughSnapshot,
): void {
  const { describe, it } = runner
  describe(`prefilter ${name}`, () => {
    testMembership(it, make, reload)
    testCounts(it, make)
    testSnapshots(it, make, reload)
  })
}

/** Tests that a filter has what was added. */
function testMembership(it: It, make: MakePrefilter, reload: ReloadPrefilter): void {
  it('has every digest that was added, from the moment it was added', async () => {
    const filter = await make({ expectedRevocations: 1000 })
    const digests = someDigests(1, 1000)
    for (const digest of digests) {
      filter.add(digest)
      assert.equal(filter.has(digest), true)
    }
    assert.equal(missing(filter, digests), 0)
  })

  it('loses nothing far past its capacity, while it is asked', async () => {
    const filter = await make({ expectedRevocations: 100 })
    const digests = someDigests(2, 8000)
    digests.forEach((digest, i) => {
      filter.add(digest)
      // Asks for old and new entries alike.
      const earlier = digests[(i * 12_347) % (i + 1)] ?? digest
      assert.equal(filter.has(earlier), true)
    })
    assert.equal(missing(filter, digests), 0)
  })

  it('reads a digest and keeps no reference to it', async () => {
    const filter = await make({ expectedRevocations: 100 })
    const digest = Int32Array.of(12, -34, 567, -8901)
    const scratch = Int32Array.from(digest)
    filter.add(scratch)
    assert.deepEqual(scratch, digest)
    filter.has(scratch)
    assert.deepEqual(scratch, digest)
    scratch.fill(0)
    assert.equal(filter.has(digest), true)
  })

  it('takes any digest: all bits clear, all set, only some words', async () => {
    const filter = await make({ expectedRevocations: 100 })
    const words = [0, -1, 1, 0x7fffffff, -0x80000000]
    const odd = words.flatMap((c) => words.map((d) => Int32Array.of(0, 0, c, d)))
    for (const digest of odd) filter.add(digest)
    assert.equal(missing(filter, odd), 0)
    assert.equal(missing(await reload(filter), odd), 0)
  })
}

/** Tests the entries, the memory and the rate that a filter reports. */
function testCounts(it: It, make: MakePrefilter): void {
  it('says whether a digest looked new, and counts it once however often it is added', async () => {
    const filter = await make({ expectedRevocations: 2000 })
    const digests = someDigests(4, 2000)
    let fresh = 0
    for (const digest of digests) {
      const looked = filter.has(digest)
      const added = filter.add(digest)
      assert.equal(added, !looked)
      if (added) fresh++
    }
    assert.equal(filter.entries, fresh)
    for (const digest of digests) assert.equal(filter.add(digest), false)
    assert.equal(filter.entries, fresh)
    assert.equal(missing(filter, digests), 0)
    const collisions = filter.expectedFalsePositiveRate * digests.length
    assert.ok(
      fresh >= digests.length - collisions - 6 * Math.sqrt(collisions + 1),
      `${fresh} of ${digests.length}`,
    )
  })

  it('reports its memory, its room and its rate', async () => {
    const filter = await make({ expectedRevocations: 1000 })
    assert.equal(filter.entries, 0)
    assert.ok(filter.capacity >= 1000)
    const emptyRate = filter.expectedFalsePositiveRate
    assert.ok(filter.kind === 'none' ? emptyRate === 1 : emptyRate === 0)
    let rate = emptyRate
    for (const digest of someDigests(5, 4000)) {
      filter.add(digest)
      assert.ok(Number.isSafeInteger(filter.bytes) && filter.bytes >= 0)
      if (filter.entries % 500 !== 0) continue
      assert.ok(filter.expectedFalsePositiveRate >= rate && filter.expectedFalsePositiveRate <= 1)
      rate = filter.expectedFalsePositiveRate
    }
  })

  it('is empty when new, unless it answers "maybe" to everything', async () => {
    const filter = await make({ expectedRevocations: 1000 })
    const absent = someDigests(6, 1000)
    assert.equal(missing(filter, absent), filter.expectedFalsePositiveRate === 1 ? 0 : 1000)
  })
}

/** Tests the measured rate, and filters that are written out and read in. */
function testSnapshots(it: It, make: MakePrefilter, reload: ReloadPrefilter): void {
  it('is wrong as often as it expects: at capacity and at four times that', async () => {
    // A coarse rate, so that few probes say much.
    const filter = await make({ expectedRevocations: 2000, falsePositiveRate: 0.02 })
    const absent = someDigests(7, 8000)
    const check = (): void => {
      const expected = filter.expectedFalsePositiveRate
      const measured = 1 - missing(filter, absent) / absent.length
      // Six sigmas of the sample, and a fifth because this filter may be fuller or emptier than the mean.
      const tolerance =
        0.2 * expected + (6 * Math.sqrt(expected * (1 - expected) * absent.length + 1)) / absent.length
      assert.ok(Math.abs(measured - expected) <= tolerance, `measured ${measured}, expected ${expected}`)
    }
    const digests = someDigests(8, 8000)
    for (const digest of digests.slice(0, 2000)) filter.add(digest)
    check()
    for (const digest of digests.slice(2000)) filter.add(digest)
    check()
  })

  it('answers alike after it is written out and read in, and still grows', async () => {
    for (const size of [0, 1, 500, 5000]) {
      const filter = await make({ expectedRevocations: 1000, falsePositiveRate: 0.02 })
      const digests = someDigests(9, size)
      for (const digest of digests) filter.add(digest)
      const again = await reload(filter)
      assert.equal(again.kind, filter.kind)
      assert.equal(again.entries, filter.entries)
      assert.equal(again.capacity, filter.capacity)
      assert.equal(again.expectedFalsePositiveRate, filter.expectedFalsePositiveRate)
      assert.equal(missing(again, digests), 0)
      for (const digest of someDigests(10, 2000)) assert.equal(again.has(digest), filter.has(digest))
      const later = someDigests(11, 3000)
      for (const digest of later) assert.equal(again.add(digest), filter.add(digest))
      assert.equal(again.entries, filter.entries)
      assert.equal(missing(again, [...digests, ...later]), 0)
    }
  })

  it('can grow while it is written out, and the snapshot has what was there before', async () => {
    const filter = await make({ expectedRevocations: 100_000 })
    const [before, meanwhile] = [someDigests(12, 20_000), someDigests(13, 3000)]
    for (const digest of before) filter.add(digest)
    const pieces: Uint8Array[] = []
    for (const piece of snapshotPieces(filter, new Uint8Array(0))) {
      pieces.push(piece.slice())
      for (const digest of meanwhile.splice(0, 1000)) filter.add(digest)
    }
    const { prefilter } = await decodeSnapshot(Buffer.concat(pieces))
    assert.equal(missing(prefilter, before), 0)
  })
}

async function throughSnapshot(filter: Prefilter): Promise<Prefilter> {
  const meta = Uint8Array.of(1, 2, 3)
  const snapshot = await decodeSnapshot(encodeSnapshot(filter, meta))
  assert.deepEqual(Uint8Array.from(snapshot.meta), meta)
  return snapshot.prefilter
}

function missing(filter: Prefilter, digests: readonly Digest[]): number {
  return digests.filter((digest) => !filter.has(digest)).length
}

/** Digests as a keyed hash would make them: uniform, all different. The same ones for the same seed. */
export function someDigests(seed: number, count: number): Digest[] {
  const next = sfc32(seed)
  return Array.from({ length: count }, () => Int32Array.of(next(), next(), next(), next()))
}

/** Chris Doty-Humphrey's small fast counter generator: signed 32-bit numbers. */
function sfc32(seed: number): () => number {
  let [a, b, c, counter] = [0x9e3779b9 | 0, 0x243f6a88, seed | 0, 1]
  const next = (): number => {
    const out = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + out) | 0
    return out
  }
  for (let i = 0; i < 20; i++) next()
  return next
}
