import bloomFilters from 'bloom-filters'
import { createRevocade } from '#dist/index.js'
import { freshId } from '../claims.js'
import { interleave, measurement, measurements, of, type Subject } from '../measure.js'
import { MemoryStore } from '../memory-store.js'
import { Random } from '../random.js'
import { IsClearlyActive, TOLERATED } from '../subjects.js'
import { atLeast, type Case, type Context, type Row } from '../types.js'

/** Asks a set of ids for ids it does not hold, each a new string. */
class HasId implements Subject {
  readonly name: string
  readonly tolerated = TOLERATED
  readonly #set: { has(id: string): boolean }
  readonly #random: Random
  #ids: string[] = []

  constructor(name: string, set: { has(id: string): boolean }, random: Random) {
    this.name = name
    this.#set = set
    this.#random = random
  }

  prepare(count: number): void {
    this.#ids = Array.from({ length: count }, () => freshId(this.#random))
  }

  run(count: number): number {
    const ids = this.#ids
    const set = this.#set
    let absent = 0
    for (let i = 0; i < count; i++) if (!set.has(ids[i])) absent++
    return absent
  }
}

async function run(context: Context): Promise<Row[]> {
  const size = { full: 1_000_000, quick: 100_000, test: 2000 }[context.scale]
  // The library takes 30 µs an entry; its speed does not depend on how many there are.
  const bloomSize = { full: 100_000, quick: 20_000, test: 2000 }[context.scale]
  const random = new Random(context.seed, 'check')
  const set = new Set<string>()
  while (set.size < size) set.add(freshId(random))
  const bloom = bloomFilters.BloomFilter.create(bloomSize, 1e-4)
  for (let i = 0; i < bloomSize; i++) bloom.add(freshId(random))

  await using engine = await createRevocade({ store: new MemoryStore(size, random) })
  const timings = await interleave([
    new IsClearlyActive(random, engine), new HasId('Set.has', set, random), new HasId('bloom-filters has', bloom, random),
  ], { rounds: { full: 100, quick: 20, test: 1 }[context.scale], batch: 512 })
  // bloom-filters holds fewer than the others: it stands under its own number.
  context.record(measurements(timings, size).filter(({ engine }) => engine !== 'bloom-filters has'))
  context.record([measurement(of(timings, 'bloom-filters has'), { engine: 'bloom-filters has', n: bloomSize })])
  const check = of(timings, 'isClearlyActive').p50
  const row = (name: string, what: string, target: number): Row => {
    const { p50 } = of(timings, name)
    return { what, value: p50 / check, unit: 'x', target: atLeast(target), from: `${p50.toFixed(0)} ns ÷ ${check.toFixed(0)} ns` }
  }
  return [
    row('bloom-filters has', `bloom-filters 3 has (${bloomSize.toLocaleString('en')} entries) ÷ isClearlyActive`, 100),
    row('Set.has', `Set<string>.has (${size.toLocaleString('en')} entries) ÷ isClearlyActive`, 1),
  ]
}

export const check: Case = { name: 'check', title: 'Against what others use, fresh strings, 1 M revocations', run }
