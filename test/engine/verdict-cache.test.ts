import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VerdictCache } from '#dist/engine/verdict-cache.js'
import type { StoredRow } from '#dist/ports/index.js'

// Few different words, so that many digests share the key, which is the first of them.
const digests = fc
  .array(fc.integer({ min: 0, max: 1 }), { minLength: 4, maxLength: 4 })
  .map((words) => Int32Array.from(words))

const row = (digest: Int32Array): StoredRow => ({
  seq: 1,
  target: { kind: 'id', claim: 'jti', id: digest.join() },
  revoked: true,
  expiresAt: 0,
  revokedAt: 0,
})

const steps = fc.array(
  fc.record({ digest: digests, do: fc.constantFrom('set' as const, 'forget' as const, 'get' as const) }),
  { maxLength: 60 },
)

describe('a verdict cache', () => {
  it('answers with the row of the very digest, whatever shares its key', () => {
    let answered = 0
    fc.assert(
      fc.property(steps, (plan) => {
        const cache = new VerdictCache(10)
        cache.maxConfirmedSeq = 1
        const model = new Map<string, StoredRow>()
        for (const { digest, do: what } of plan) {
          if (what === 'set') {
            cache.set(digest, row(digest), cache.generation)
            model.set(digest.join(), row(digest))
          } else if (what === 'forget') {
            cache.forget(digest)
            model.delete(digest.join())
          }
          const cached = cache.get(digest)
          if (cached !== undefined) {
            answered++
            expect(cached).toEqual(model.get(digest.join()))
          }
          if (what === 'set') expect(cached).toBeDefined()
        }
      }),
    )
    expect(answered).toBeGreaterThan(50)
  })

  it('keeps the answer of the last of two digests that share a key', () => {
    const cache = new VerdictCache(10)
    cache.maxConfirmedSeq = 1
    const [one, other] = [Int32Array.of(7, 1, 2, 3), Int32Array.of(7, 1, 2, 4)]
    cache.set(one, row(one), 0)
    cache.set(other, null, 0)
    expect(cache.get(one)).toBeUndefined()
    expect(cache.get(other)).toBeNull()
    expect(cache.size).toBe(1)
  })
})
