import { describe, expect, it } from 'vitest'
import { KEY_KINDS, Keys } from '../../bench/inputs/keys.js'

const SHAPES = {
  uuidv4: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  uuidv7: /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  sequential: /^\d{10}$/,
  '300 characters': /^[\w-]{300}$/,
} as const

/** Some from everywhere in the range. */
const INDICES = [
  ...Array.from({ length: 2000 }, (_, i) => i),
  65_535,
  65_536,
  999_999,
  10_000_000,
  2 ** 29,
  2 ** 30,
]

describe.each(KEY_KINDS)('keys: %s', (kind) => {
  const keys = new Keys(kind, 'seed')

  it('have their form', () => {
    for (const index of INDICES) expect(keys.at(index)).toMatch(SHAPES[kind])
  })

  it('differ from each other', () => {
    expect(new Set(INDICES.map((index) => keys.at(index))).size).toBe(INDICES.length)
  })

  it('are the same for the same number and seed', () => {
    const again = new Keys(kind, 'seed')
    expect(again.range(5, 8)).toEqual([keys.at(5), keys.at(6), keys.at(7)])
  })
})

describe('keys', () => {
  it('follow from the seed, where they are random', () => {
    for (const kind of ['uuidv4', '300 characters'] as const)
      expect(new Keys(kind, 'a').at(1)).not.toBe(new Keys(kind, 'b').at(1))
  })

  it('of a time are sorted by it, one a millisecond', () => {
    const keys = new Keys('uuidv7', 'seed')
    const some = [0, 1, 2, 65_535, 65_536, 10_000_000].map((index) => keys.at(index))
    expect([...some].sort()).toEqual(some)
    const times = some.map((key) => parseInt(key.slice(0, 8) + key.slice(9, 13), 16))
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 1, 2, 65_535, 65_536, 10_000_000])
  })

  it('that are numbers follow each other', () => {
    expect(new Keys('sequential', 'seed').range(0, 3)).toEqual(['1000000000', '1000000001', '1000000002'])
  })

  it('use each character of theirs about as often as any other', () => {
    for (const [kind, count] of [
      ['uuidv4', 16],
      ['300 characters', 64],
    ] as const) {
      const seen = new Map<string, number>()
      const text = new Keys(kind, 'seed')
        .range(0, 2000)
        .map((key) => (kind === 'uuidv4' ? key.slice(0, 8) + key.slice(24) : key))
        .join('')
      for (const character of text) seen.set(character, (seen.get(character) ?? 0) + 1)
      expect(seen.size).toBe(count)
      const fair = text.length / count
      for (const times of seen.values()) expect(Math.abs(times / fair - 1)).toBeLessThan(0.1)
    }
  })
})
