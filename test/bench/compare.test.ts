import { describe, expect, it } from 'vitest'
import { compareRecords, medianInterval } from '../../bench/harness/comparison.js'
import { measured, recordOf } from './sample-record.js'

const change = (before: number, after: number, spread = 2, count = 101): string | undefined =>
  compareRecords(
    recordOf(measured('e', before, {}, { spread, count })),
    recordOf(measured('e', after, {}, { spread, count })),
  ).compared[0]?.change

describe('a comparison', () => {
  it('divides the second by the first, situation by situation', () => {
    const first = recordOf(
      measured('a', 100),
      measured('a', 400, { n: 5 }),
      measured('a', 50, { operation: 'add' }),
      measured('gone', 1),
    )
    const second = recordOf(
      measured('a', 200),
      measured('a', 100, { n: 5 }),
      measured('a', 50, { operation: 'add' }),
      measured('new', 1, { keys: 'uuidv7', mix: 'miss' }),
    )
    const { compared, onlyInFirst, onlyInSecond, medianRatio } = compareRecords(first, second)
    expect(compared.map(({ engine, n, ratio, change: way }) => [engine, n, ratio, way])).toEqual([
      ['a', 1000, 2, 'slower'],
      ['a', 5, 0.25, 'faster'],
      ['a add', 1000, 1, 'none'],
    ])
    expect(onlyInFirst).toEqual(['check: gone, n = 1000'])
    expect(onlyInSecond).toEqual(['check: new, uuidv7, miss, n = 1000'])
    expect(medianRatio).toBe(1)
  })

  it('takes for noise what the samples do not support', () => {
    expect(change(100, 115)).toBe('slower')
    expect(change(115, 100)).toBe('faster')
    expect(change(100, 115, 50, 9)).toBe('none')
    expect(change(100, 115, 100)).toBe('none')
  })

  it('takes for noise what runs of the same code differ by', () => {
    expect(change(100, 109)).toBe('none')
    expect(change(109, 100)).toBe('none')
  })

  it('says what else differs between the runs', () => {
    const first = recordOf(measured('a', 1))
    const second = {
      ...first,
      scale: 'quick' as const,
      versions: { ...first.versions, revocade: '0.2.0', extra: '1.0.0' },
    }
    expect(compareRecords(first, second).differences).toEqual([
      'scale: full / quick',
      'revocade: 0.1.0 / 0.2.0',
      'extra: not recorded / 1.0.0',
    ])
    expect(compareRecords(first, first)).toMatchObject({ differences: [], medianRatio: 1 })
  })

  it('of records that share nothing has no median', () => {
    expect(compareRecords(recordOf(), recordOf(measured('a', 1))).medianRatio).toBeNull()
  })
})

describe("the median's interval", () => {
  it('narrows with the number of samples', () => {
    const samples = (count: number) => Array.from({ length: count }, (_, i) => ((i * 7919) % count) / count)
    expect(medianInterval([3, 1, 2])).toEqual([0, Infinity])
    expect(medianInterval([3, 1, 2, 4, 5, 6, 7, 8])).toEqual([1, 8])
    const [low, high] = medianInterval(samples(1001))
    expect(low).toBeGreaterThan(0.44)
    expect(low).toBeLessThan(0.47)
    expect(high).toBeGreaterThan(0.53)
    expect(high).toBeLessThan(0.56)
  })

  it('holds the true median about 99 times in 100', () => {
    let state = 42
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647
    let held = 0
    for (let run = 0; run < 1000; run++) {
      const [low, high] = medianInterval(Array.from({ length: 60 }, () => random() ** 3))
      if (low <= 0.125 && high >= 0.125) held++
    }
    expect(held).toBeGreaterThan(980)
  })
})
