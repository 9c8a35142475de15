import type { RecordedMeasurement } from '../record.js'

/** A plot to draw, and the data for it. Which ones there are follows from the record alone, so new cases get plots by themselves. */
export interface Chart {
  readonly title: string
  readonly kind: 'range' | 'lines'
  readonly quantity: string
  readonly points: readonly Point[]
}

export interface Point {
  /** What the line or the row is called. */
  readonly series: string
  /** What tells marks of a row apart, where something does. */
  readonly group: string
  readonly n: number
  readonly value: number
  /** A range around the value, of times. */
  readonly low?: number
  readonly high?: number
}

/** From so many sizes on, a line over them says more than a row for each. */
const SIZES_OF_A_LINE = 3

type Figure = 'bytesPerEntry' | 'falsePositiveRate'

const FIGURES: Readonly<Record<Figure, string>> = {
  bytesPerEntry: 'bytes an entry',
  falsePositiveRate: 'false-positive rate',
}

/** The plots of one case: times by operation and by what was asked for, their tails where single operations were timed, then memory and false positives where they were measured. */
export function chartsOf(results: readonly RecordedMeasurement[]): Chart[] {
  const times = [
    ...groupBy(results, ({ operation, mix }) =>
      [operation, mix].filter((part) => part !== undefined).join(', '),
    ),
  ].flatMap(([title, group]) => timeCharts(title, group))
  const tails = tailCharts(results)
  const figures = (Object.keys(FIGURES) as Figure[]).flatMap((figure) => figureChart(figure, results))
  return [...times, ...tails, ...figures]
}

function timeCharts(title: string, results: readonly RecordedMeasurement[]): Chart[] {
  const quantity = 'time of one, p50'
  const byKeys = groupBy(results, ({ keys }) => keys ?? '')
  const lines = [...byKeys].filter(([, group]) => sizesOf(group).length >= SIZES_OF_A_LINE)
  const charts: Chart[] = lines.map(([keys, group]) => ({
    title: joined(title, keys),
    kind: 'lines',
    quantity: `${quantity}, by entries alive`,
    points: group.map((one) => ({ series: one.engine, group: one.engine, n: one.n, value: one.p50Ns })),
  }))
  if (lines.length === byKeys.size) return charts
  // Rows are of one size where the sizes are many: the one that most was measured at.
  const n = sizesOf(results).length < SIZES_OF_A_LINE ? undefined : mostFrequent(results.map((one) => one.n))
  const shown = results.filter((one) => n === undefined || one.n === n)
  const several = sizesOf(shown).length > 1
  charts.push({
    title: joined(title, n === undefined ? '' : `${n.toLocaleString('en')} entries`),
    kind: 'range',
    quantity: `${quantity}; the line: 5 % to 95 % of the samples`,
    points: shown.map((one) => ({
      series: several ? `${one.engine} (${one.n.toLocaleString('en')})` : one.engine,
      group: one.keys ?? '',
      n: one.n,
      value: one.p50Ns,
      ...rangeOf(one),
    })),
  })
  return charts
}

/** Where single operations were timed: how slow the slowest of so many are. Not beyond what ten operations tell. */
function tailCharts(results: readonly RecordedMeasurement[]): Chart[] {
  const tailsOf = ({ engine, p50Ns, p99Ns, p999Ns, p9999Ns, operations = 0 }: RecordedMeasurement): Point[] =>
    (
      [
        [2, p50Ns],
        [100, p99Ns],
        [1000, p999Ns],
        [10_000, p9999Ns],
      ] as const
    ).flatMap(([n, value]) =>
      value === undefined || operations < n * 10 ? [] : [{ series: engine, group: engine, n, value }],
    )
  const single = results.filter(({ p999Ns }) => p999Ns !== undefined)
  return [
    ...groupBy(single, ({ operation, mix }) =>
      [operation, mix].filter((part) => part !== undefined).join(', '),
    ),
  ].map(([title, group]) => ({
    title: joined(title, 'the slowest'),
    kind: 'lines',
    quantity: 'time that one in so many takes, or longer',
    points: group.flatMap(tailsOf),
  }))
}

function figureChart(figure: Figure, results: readonly RecordedMeasurement[]): Chart[] {
  // The same filter is measured in several situations; its figure is shown once.
  const points = new Map<string, Point>()
  for (const one of results) {
    const value = one[figure]
    // A logarithm has no place for none: the table of all results tells them.
    if (value === undefined || value <= 0) continue
    points.set(`${one.engine} ${one.n} ${one.keys}`, {
      series: one.engine,
      group: one.keys ?? '',
      n: one.n,
      value,
    })
  }
  if (points.size === 0) return []
  const all = [...points.values()]
  const keys = mostFrequent(all.map(({ group }) => group))
  const oneKind = all.filter(({ group }) => group === keys)
  const kind = sizesOf(oneKind).length >= SIZES_OF_A_LINE ? 'lines' : 'range'
  const title = joined(FIGURES[figure], keys)
  return [
    {
      title,
      kind,
      quantity: `${FIGURES[figure]}${kind === 'lines' ? ', by entries alive' : ''}`,
      points: oneKind.map((point) => ({ ...point, group: kind === 'lines' ? point.series : '' })),
    },
  ]
}

function rangeOf({ samples }: RecordedMeasurement): { low: number; high: number } {
  const sorted = Float64Array.from(samples).sort()
  return {
    low: sorted[Math.floor(sorted.length * 0.05)],
    high: sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))],
  }
}

const sizesOf = (results: readonly { readonly n: number }[]): number[] => [
  ...new Set(results.map(({ n }) => n)),
]

const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(', ')

export function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group === undefined) groups.set(key(item), [item])
    else group.push(item)
  }
  return groups
}

function mostFrequent<T>(items: readonly T[]): T {
  const counts = new Map<T, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best))[0]
}
