import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Prefilter, PrefilterKind } from '#dist/ports/index.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import { ExactPrefilter } from '#dist/prefilter/exact.js'
import { decodeSnapshot, encodeSnapshot } from '#dist/prefilter/snapshot.js'
import { TriePrefilter } from '#dist/prefilter/trie.js'

// Few values for each word, extremes included, so that digests repeat, share prefixes and wrap around.
const word = fc.oneof(
  fc.constantFrom(0, -1, 1, 0x7fffffff, -0x80000000, 255, -256),
  fc.integer({ min: -3, max: 3 }),
  fc.integer(),
)
const digests = fc.tuple(word, word, word, word).map((words) => Int32Array.from(words))

const keyOf = (digest: Int32Array): string => digest.join()

describe('every kind against a Set', () => {
  const kinds: readonly PrefilterKind[] = ['bloom', 'fuse', 'bloom-filters', 'trie', 'exact', 'none']
  it.each(kinds)('%s never answers "no" for a member', async (kind) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(digests, { maxLength: 300, size: 'max' }),
        fc.integer({ min: 0, max: 300 }),
        async (added, cut) => {
          let filter: Prefilter = await createPrefilter({ kind, expectedRevocations: 1 })
          const model = new Set<string>()
          for (const [i, digest] of added.entries()) {
            if (i === cut)
              filter = (await decodeSnapshot(encodeSnapshot(filter, new Uint8Array(0)))).prefilter
            const before = filter.has(digest)
            if (model.has(keyOf(digest))) expect(before).toBe(true)
            expect(filter.add(digest)).toBe(!before)
            model.add(keyOf(digest))
          }
          for (const digest of added) expect(filter.has(digest)).toBe(true)
          expect(filter.entries).toBeLessThanOrEqual(model.size)
        },
      ),
      { numRuns: kind === 'bloom-filters' ? 5 : 50 },
    )
  })
})

// Without `size` fast-check makes some ten steps: too few to add the same prefix five times.
const operations = (digest: fc.Arbitrary<Int32Array>) =>
  fc.array(fc.record({ op: fc.constantFrom('add', 'add', 'add', 'has', 'reload'), digest }), {
    maxLength: 200,
    size: 'max',
  })

describe('exact against a Set', () => {
  // All in one shard, with neighbouring home slots: long runs to search, which wrap around.
  const crowded = fc
    .tuple(fc.integer({ min: 0, max: 2 }), fc.constantFrom(0, -1, -2, 1, 0x7fffffff, -0x80000000, 5, 1 << 28))
    .map(([b, d]) => Int32Array.of(0, b, 0, d))

  it.each([
    ['any digests', digests],
    ['digests in one place', crowded],
  ])('exact holds precisely what was added: %s', (_, digest) => {
    fc.assert(
      fc.property(operations(digest), (steps) => {
        let set = new ExactPrefilter(1)
        const model = new Map<string, Int32Array>()
        for (const step of steps) {
          const key = keyOf(step.digest)
          const known = model.has(key)
          if (step.op === 'add') {
            expect(set.add(step.digest)).toBe(!known)
            model.set(key, step.digest)
          } else if (step.op === 'reload') {
            set = ExactPrefilter.decode(Buffer.concat(set.encode()))
          } else {
            expect(set.has(step.digest)).toBe(known)
          }
          expect(set.entries).toBe(model.size)
        }
        for (const digest of model.values()) expect(set.has(digest)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })
})

describe('trie against a Set of prefixes', () => {
  it.each([8, 9, 15, 16, 17, 24, 25, 32, 33, 40])(
    'trie of %i bits holds exactly the prefixes that were added',
    (prefixBits) => {
      const prefixOf = (digest: Int32Array): bigint =>
        ((BigInt((digest[2] ?? 0) >>> 0) << 32n) | BigInt((digest[3] ?? 0) >>> 0)) >> BigInt(64 - prefixBits)
      const few = fc.constantFrom(...[0, 1, 2, -1, 255].map((c) => Int32Array.of(7, 7, c, -c)))
      fc.assert(
        fc.property(operations(fc.oneof(few, digests)), (steps) => {
          let trie = new TriePrefilter(1, prefixBits)
          const model = new Set<bigint>()
          for (const step of steps) {
            const prefix = prefixOf(step.digest)
            const known = model.has(prefix)
            if (step.op === 'add') {
              expect(trie.add(step.digest)).toBe(!known)
              model.add(prefix)
            } else if (step.op === 'reload') {
              trie = TriePrefilter.decode(Buffer.concat(trie.encode()))
            } else {
              expect(trie.has(step.digest)).toBe(known)
            }
          }
          expect(trie.entries).toBe(model.size)
          expect(trie.expectedFalsePositiveRate).toBe(model.size / 2 ** prefixBits)
          for (const { digest } of steps) expect(trie.has(digest)).toBe(model.has(prefixOf(digest)))
        }),
        { numRuns: 20 },
      )
    },
  )
})
