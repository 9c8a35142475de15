import { describe, expect, it } from 'vitest'
import type { Answers } from '../../bench/engines/filters/answers.js'
import { DigestFilter } from '../../bench/engines/filters/filter.js'
import { Has, Probe } from '../../bench/engines/filters/filter-workloads.js'
import { interleave } from '../../bench/harness/measure.js'
import { Keys } from '../../bench/inputs/keys.js'
import { Random } from '../../bench/inputs/random.js'

const N = 1000
const RIGHT: Answers = { falseNegatives: 0, lost: 0, falsePositiveRate: 0 }
const ROUNDS = { rounds: 20, batch: 64 }

/** Holds the keys 0 to N − 1 but for `lost`; takes each of `invented` for one that it holds. */
class LyingFilter extends DigestFilter {
  override readonly ours: boolean
  readonly name = 'lying filter'
  readonly #held: Set<string>
  readonly #invented: (key: string) => boolean
  #asked: readonly string[] = []

  constructor(ours: boolean, lost: (index: number) => boolean, invented: (key: string) => boolean) {
    super()
    this.ours = ours
    const kept = keys.range(0, N).filter((_, index) => !lost(index))
    this.#held = new Set(kept)
    this.#invented = invented
  }

  add(): void {
    throw new Error('not needed here')
  }

  count(asked: readonly string[]): number {
    return asked.filter((key) => this.#held.has(key) || (!all.has(key) && this.#invented(key))).length
  }

  ready(asked: readonly string[]): void {
    this.#asked = asked
  }

  probe(): number {
    return this.count(this.#asked)
  }

  bytes(): undefined {
    return undefined
  }
}

const keys = new Keys('uuidv4', 'seed')
const all = new Set(keys.range(0, N))
const honest = (): boolean => false
/** About a quarter of all. */
const someIndices = (index: number): boolean => index % 4 === 0
const someKeys = (key: string): boolean => '0123'.includes(key.charAt(0))

describe.each([Has, Probe])('%o', (Lookups) => {
  const asked = (filter: DigestFilter, answers = RIGHT): Promise<unknown> => {
    const random = new Random('lies')
    return interleave([new Lookups(filter, { keys, n: N, mix: 'mixed', answers, random })], ROUNDS)
  }

  it('accepts a filter that is right', async () => {
    await expect(asked(new LyingFilter(true, honest, honest))).resolves.toBeDefined()
  })

  it('refuses a filter that loses as many keys as it invents', async () => {
    const lying = new LyingFilter(true, someIndices, someKeys)
    await expect(asked(lying)).rejects.toThrow(/wrong answer: lying filter lost \d+ of \d+ keys/)
  })

  it('refuses a loss in a filter of another package that lost nothing before', async () => {
    const lying = new LyingFilter(false, someIndices, someKeys)
    await expect(asked(lying)).rejects.toThrow(/lost/)
  })

  it('refuses more false positives than are tolerated', async () => {
    await expect(asked(new LyingFilter(true, honest, someKeys))).rejects.toThrow(/allowed/)
  })

  it('tolerates what the record says of a filter of another package', async () => {
    const lying = new LyingFilter(false, someIndices, someKeys)
    await expect(
      asked(lying, { falseNegatives: N / 4, lost: 0.25, falsePositiveRate: 0.25 }),
    ).resolves.toBeDefined()
  })
})
