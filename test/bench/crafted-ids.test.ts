import { BloomFilter } from 'bloomfilter'
import { describe, expect, it } from 'vitest'
import { createPrefilter } from '#dist/prefilter/create.js'
import { TokenDigester } from '#dist/token/identify.js'
import { craftFalsePositives } from '../../bench/inputs/crafted-ids.js'

const ENTRIES = 2000
const RATE = 1e-2
const revoked = Array.from({ length: ENTRIES }, (_, i) => `revoked-${i}`)

function unkeyed(): BloomFilter {
  const filter = BloomFilter.withTargetError(ENTRIES, RATE)
  for (const id of revoked) filter.add(id)
  return filter
}

async function keyed(key: Uint8Array): Promise<(id: string) => boolean> {
  const digester = new TokenDigester({ key, namespace: 'default', idClaims: ['jti'], maxTokenBytes: 16_384 })
  const filter = await createPrefilter({
    kind: 'bloom',
    expectedRevocations: ENTRIES,
    falsePositiveRate: RATE,
  })
  const digest = (jti: string): Int32Array => {
    digester.token({ jti })
    return digester.words
  }
  for (const id of revoked) filter.add(digest(id))
  return (id) => filter.has(digest(id))
}

describe('ids crafted offline against an unkeyed filter', () => {
  const copy = unkeyed()
  const { ids, tried } = craftFalsePositives((id) => copy.test(id), 300, 'session-')

  it('are as many as were wanted, all different, none of them revoked', () => {
    expect(new Set(ids).size).toBe(300)
    expect(ids.filter((id) => revoked.includes(id))).toEqual([])
    // At the nominal rate, give or take.
    expect(300 / tried / RATE).toBeGreaterThan(0.5)
    expect(300 / tried / RATE).toBeLessThan(2)
  })

  it('are all taken for revoked by any other filter of the same entries', () => {
    const another = unkeyed()
    expect(ids.filter((id) => !another.test(id))).toEqual([])
  })

  it('are to a keyed filter ids like all others', async () => {
    const has = await keyed(new Uint8Array(16).fill(7))
    expect(revoked.filter((id) => !has(id))).toEqual([])
    // 3 are to be expected of 300 at 1 %, and more than 15 once in ten million runs.
    expect(ids.filter(has).length).toBeLessThan(16)
  })

  it('crafted against one keyed filter are nothing to another with another key', async () => {
    const one = await keyed(new Uint8Array(16).fill(1))
    const other = await keyed(new Uint8Array(16).fill(2))
    const found = craftFalsePositives(one, 300, 'session-').ids
    expect(found.filter((id) => !one(id))).toEqual([])
    expect(found.filter(other).length).toBeLessThan(16)
  })

  it('are looked for no longer than told', () => {
    expect(craftFalsePositives(() => false, 1, 'x', 100)).toEqual({ ids: [], tried: 100 })
  })
})
