import { createRevocade } from '#dist/index.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import { MemoryStore } from '../memory-store.js'
import { Random } from '../random.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../types.js'

/** Filters at their declared size: memory, and false positives counted over random digests. */
async function run(context: Context): Promise<Row[]> {
  const size = { full: 1_000_000, quick: 100_000, test: 2000 }[context.scale]
  const asked = { full: 20_000_000, quick: 2_000_000, test: 20_000 }[context.scale]
  const random = new Random(context.seed, 'false positives')
  const rows: Row[] = []
  for (const kind of ['bloom', 'trie', 'exact'] as const) {
    const filter = await createPrefilter({ kind, expectedRevocations: size })
    const added = random.fill(new Int32Array(size * 4))
    const digest = new Int32Array(4)
    for (let i = 0; i < size; i++) filter.add(added.subarray(i * 4, i * 4 + 4))
    for (let i = 0; i < size; i++) assertAnswer(filter.has(added.subarray(i * 4, i * 4 + 4)), `${kind} lost an entry`)
    let positives = 0
    for (let i = 0; i < asked; i++) if (filter.has(random.fill(digest))) positives++
    const { expectedFalsePositiveRate: expected } = filter
    rows.push({
      what: `${kind}: bits an entry`, value: (filter.bytes * 8) / size, unit: 'bits',
      ...(kind === 'bloom' ? { target: atMost(24) } : {}),
      from: `${size.toLocaleString('en')} entries; false positives ${(positives / asked).toExponential(2)}, expected ${expected.toExponential(2)}`,
    })
    if (kind === 'bloom' && context.scale !== 'test') {
      rows.push({ what: 'bloom: false positives measured ÷ expected', value: positives / asked / expected, unit: 'x', target: atMost(1.3), from: `${positives} of ${asked.toLocaleString('en')}` })
    }
  }
  await using engine = await createRevocade({ store: new MemoryStore(size, random) })
  const { bytes, entries } = engine.stats().prefilter
  rows.push({ what: 'L0 of an engine that opens a store with them', value: bytes / entries, unit: 'bytes', from: 'an entry, with room for as many again' })
  return rows
}

export const falsePositives: Case = { name: 'false-positives', title: 'Memory and false positives of the filters', run }
