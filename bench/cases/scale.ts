import { createRevocade, type Revocade } from '#dist/index.js'
import { interleave, measurement, of } from '../measure.js'
import { MemoryStore } from '../memory-store.js'
import { Random } from '../random.js'
import { assertAnswers, IsClearlyActive } from '../subjects.js'
import { atMost, type Case, type Context, type Row } from '../types.js'

const SIZES = {
  full: [1000, 100_000, 1_000_000, 10_000_000],
  quick: [1000, 100_000, 1_000_000],
  test: [1000, 2000],
} as const

/** Engines that differ in how much is revoked, checked in turn. L0 is filled from a store in memory. */
async function run(context: Context): Promise<Row[]> {
  const sizes = SIZES[context.scale]
  const random = new Random(context.seed, 'scale')
  const engines: Revocade[] = []
  for (const size of sizes) {
    const engine = await createRevocade({ store: new MemoryStore(size, random) })
    await assertAnswers(engine, [], random)
    engines.push(engine)
  }
  const name = (size: number): string => `${size.toLocaleString('en')} entries`
  const timings = await interleave(
    sizes.map((size, i) => new IsClearlyActive(random, engines[i], name(size))),
    { rounds: { full: 300, quick: 60, test: 2 }[context.scale], batch: 512 },
  )
  for (const engine of engines) await engine.close()
  const p50 = (size: number): number => of(timings, name(size)).p50
  context.record(sizes.map((n) => measurement(of(timings, name(n)), { engine: 'isClearlyActive', n })))
  const least = p50(sizes[0])
  return sizes.slice(1).map((size) => ({
    what: `${name(size)} ÷ ${name(sizes[0])}`,
    value: p50(size) / least,
    unit: 'x',
    target: atMost(2.5),
    from: `${p50(size).toFixed(0)} ns ÷ ${least.toFixed(0)} ns`,
  }))
}

export const scale: Case = { name: 'scale', title: 'isClearlyActive from 1 k to 10 M live revocations (store in memory)', run }
