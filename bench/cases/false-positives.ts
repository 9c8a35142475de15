import { createRevocade } from '#dist/index.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import { type Counted, numberedKeys, type Promised, randomDigests } from '../engines/filters/counted.js'
import type { Filter } from '../engines/filters/filter.js'
import { BloomfilterFilter, BloomFiltersFilter } from '../engines/filters/peers.js'
import { FullStore } from '../engines/full-store.js'
import { measurement, timing } from '../harness/measure.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../harness/types.js'
import { wilsonInterval } from '../harness/wilson.js'
import { Keys } from '../inputs/keys.js'
import { Random } from '../inputs/random.js'
import { sizesOf } from './sizes.js'

/** Of the size that a filter was made for. */
const FILLS = [0.5, 1, 1.5]
const MOST = 1.5

/** Each fill is asked in so many pieces, each a sample of the time. */
const PIECES = 40

interface Found {
  readonly counted: Counted
  readonly fill: number
  readonly hits: number
  readonly asked: number
  readonly rate: number
  readonly expected: number
  readonly bits: number
}

/** Filters from half full to overfull: memory, and false positives counted. */
async function run(context: Context): Promise<Row[]> {
  const { entries: size } = sizesOf('false-positives', context.scale)
  const random = new Random(context.seed, 'false positives')
  const found = await countedFilters(context, random)
  await using engine = await createRevocade({ store: new FullStore(size, random) })
  const { bytes, entries } = engine.stats().prefilter
  return [
    ...found.filter(({ fill }) => fill === 1).flatMap((one) => atItsSize(one, context)),
    {
      what: 'the prefilter of an engine that opens a store with them',
      value: bytes / entries,
      unit: 'bytes',
      from: 'an entry, with room for as many again',
    },
    ...found.filter(({ counted: { rate } }) => rate > 0).map(againstPromise),
  ]
}

async function countedFilters(context: Context, random: Random): Promise<Found[]> {
  const { entries: size, slow, times, peerTimes, bits } = sizesOf('false-positives', context.scale)
  const keys = new Keys('uuidv4', context.seed)
  const ours = async (
    name: string,
    rate: number,
    options: Parameters<typeof createPrefilter>[0],
  ): Promise<Found[]> => {
    const filter = await createPrefilter(options)
    return counted(context, randomDigests({ name, filter, rate, size, most: size * MOST }, random), times)
  }
  const theirs = (one: Omit<Promised<Filter>, 'most'>): Found[] =>
    counted(context, numberedKeys({ ...one, most: one.size * MOST }, keys), peerTimes)
  const expectedRevocations = size
  const found: Found[] = []
  for (const rate of [1e-4, 1e-2]) {
    const options = { kind: 'bloom', expectedRevocations, falsePositiveRate: rate } as const
    found.push(...(await ours(`bloom, ${rate}`, rate, options)))
    found.push(
      ...theirs({ name: `bloomfilter, ${rate}`, filter: new BloomfilterFilter(size, rate), rate, size }),
    )
  }
  const filter = new BloomFiltersFilter(slow, 1e-2)
  found.push(...theirs({ name: 'bloom-filters, 0.01', filter, rate: 1e-2, size: slow }))
  const trie = { kind: 'trie', expectedRevocations, prefixBits: bits } as const
  found.push(...(await ours(`trie, ${bits} bits`, size / 2 ** bits, trie)))
  found.push(...(await ours('exact', 0, { kind: 'exact', expectedRevocations })))
  return found
}

function counted(context: Context, filter: Counted, times: number): Found[] {
  let entries = 0
  return FILLS.map((fill) => {
    filter.add(fill * filter.size - entries)
    entries = fill * filter.size
    const lost = filter.lost()
    assertAnswer(!filter.ours || lost === 0, `${filter.name} lost ${lost} of ${entries} entries`)
    // What can't be wrong by chance needs no hundred thousands.
    const piece = Math.ceil((filter.rate > 0 ? (100 * times) / filter.rate : 10_000) / PIECES)
    const asked = piece * PIECES
    const samples: number[] = []
    let hits = 0
    for (let i = 0; i < PIECES; i++) {
      filter.prepare(piece)
      const start = process.hrtime.bigint()
      hits += filter.positives()
      samples.push(Number(process.hrtime.bigint() - start) / piece)
    }
    const bits = (filter.bytes() * 8) / entries
    const rate = hits / asked
    context.record([
      {
        ...measurement(
          { ...timing(samples), samples, batch: piece },
          { engine: filter.name, n: entries, operation: 'has', mix: 'miss' },
        ),
        bytesPerEntry: Number((bits / 8).toPrecision(4)),
        falsePositiveRate: rate,
        falseNegatives: lost,
      },
    ])
    return { counted: filter, fill, hits, asked, rate, expected: filter.expectedRate(), bits }
  })
}

function atItsSize(one: Found, { scale }: Context): Row[] {
  const { counted, bits, hits, asked, rate, expected } = one
  const { name, ours, size } = counted
  const isDefault = name === 'bloom, 0.0001'
  const rows: Row[] = [
    {
      what: `${name}: bits an entry`,
      value: bits,
      unit: 'bits',
      ...(isDefault ? { target: atMost(24) } : {}),
      from: `${size.toLocaleString('en')} entries`,
    },
  ]
  if (expected > 0) {
    rows.push({
      // A thousand keys show nothing.
      what: `${name}: false positives measured ÷ expected`,
      value: rate / expected,
      unit: 'x',
      ...(ours && scale !== 'test' ? { target: atMost(1.3) } : {}),
      from: `${hits.toLocaleString('en')} of ${asked.toLocaleString('en')}`,
    })
  }
  return rows
}

function againstPromise({ counted, fill, hits, asked, rate, expected }: Found): Row {
  const { name, rate: promised } = counted
  const [least, most] = wilsonInterval(hits, asked).map((bound) => bound.toExponential(2))
  return {
    what: `${name}, ${fill * 100} % full: false positives measured ÷ promised`,
    value: rate / promised,
    unit: 'x',
    from:
      `${rate.toExponential(2)} (95 %: ${least} to ${most}), expected ${expected.toExponential(2)}; ` +
      `${hits.toLocaleString('en')} of ${asked.toLocaleString('en')}`,
  }
}

export const falsePositives: Case = {
  name: 'false-positives',
  title: 'Memory and false positives of the filters, from half full to overfull',
  run,
}
