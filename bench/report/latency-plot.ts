import type { BenchRecord, RecordedMeasurement } from '../harness/record.js'
import { quantile, sorted } from '../harness/statistics.js'
import { duration } from '../harness/table.js'

/**
 * The README's plot: what one check costs here and with other packages, as an SVG for a light or a dark page.
 */

export type Theme = 'light' | 'dark'
type Kind = 'ours' | 'others' | 'verifier'

/** A row: an engine of the case `check`, and its name on the plot. */
interface Entry {
  readonly kind: Kind
  readonly engine: string
  readonly label: string
}

const FONTS = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"

/** The mix in which no token was revoked: almost every check of a service. */
const MIX = 'none revoked'

const ENTRIES: readonly Entry[] = [
  { kind: 'ours', engine: 'Revocade, claims', label: 'Revocade, decoded claims' },
  { kind: 'ours', engine: 'Revocade, raw JWT', label: 'Revocade, raw JWT' },
  { kind: 'others', engine: 'Set with TTL', label: 'Set with a TTL, in process' },
  { kind: 'others', engine: 'better-sqlite3', label: 'better-sqlite3, indexed SELECT' },
  { kind: 'others', engine: 'ioredis EXISTS token', label: 'ioredis EXISTS' },
  { kind: 'others', engine: 'ioredis EXISTS token, 64 in flight', label: 'ioredis EXISTS, 64 in flight' },
  { kind: 'others', engine: 'express-jwt-blacklist', label: 'express-jwt-blacklist' },
  { kind: 'others', engine: 'jwt-redis', label: 'jwt-redis' },
  { kind: 'verifier', engine: 'HS256 fast-jwt', label: 'verifying HS256, fast-jwt' },
  { kind: 'verifier', engine: 'ES256 jose', label: 'verifying ES256, jose' },
]

const COLOURS: Readonly<Record<Theme, Readonly<Record<Kind | 'text' | 'muted' | 'line', string>>>> = {
  light: {
    ours: '#0072b2',
    others: '#c24e00',
    verifier: '#6e7686',
    text: '#1d2230',
    muted: '#5a6274',
    line: '#dfe3ea',
  },
  dark: {
    ours: '#4fa8dc',
    others: '#f0843c',
    verifier: '#aab2c2',
    text: '#e6e9ef',
    muted: '#9aa3b5',
    line: '#333a48',
  },
}

const LEGEND: readonly (readonly [Kind, string])[] = [
  ['ours', 'Revocade'],
  ['others', 'other ways to keep a blocklist'],
  ['verifier', 'to compare: the signature'],
]

/** Pixels: GitHub shows a README at most 830 wide, and 720 stays readable there without scaling. */
const WIDTH = 720
const ROW = 27
const TOP = 84
const LEFT = 238
const RIGHT = 630

/** The axis in nanoseconds. */
const DECADES = [100, 1000, 10_000, 100_000, 1_000_000] as const
const LEAST = 100
const MOST = 1_000_000

/** What is drawn of a measurement, in nanoseconds; `low` to `high` holds nine of ten samples. */
interface Mark {
  readonly entry: Entry
  readonly p50: number
  readonly low: number
  readonly high: number
}

/**
 * Draws the costs of a check that a record holds, the cheapest first.
 *
 * @throws {Error} when the record lacks one of the engines.
 */
export function latencyPlot(record: BenchRecord, theme: Theme): string {
  const colours = COLOURS[theme]
  const marks = ENTRIES.map((entry) => markOf(entry, record)).sort((a, b) => a.p50 - b.p50)
  const bottom = TOP + marks.length * ROW
  const texts = [
    text(16, 26, 'What one check costs', { fill: colours.text, size: 17, weight: 600 }),
    text(16, 46, subtitle(record), { fill: colours.muted, size: 12 }),
  ]
  const legend = LEGEND.map(([kind, label], i) => {
    const x = [20, 118, 344][i] ?? 0
    return `${dot(x, 64, colours[kind])}${text(x + 10, 68, label, { fill: colours.muted, size: 12 })}`
  })
  const grid = DECADES.map((ns) => {
    const line = `<line x1="${x(ns)}" y1="${TOP}" x2="${x(ns)}" y2="${bottom}" stroke="${colours.line}"/>`
    return line + text(x(ns), bottom + 18, duration(ns), { fill: colours.muted, size: 12, anchor: 'middle' })
  })
  const rows = marks.map((mark, i) => rowOf(mark, TOP + (i + 0.5) * ROW, theme))
  const height = bottom + 28
  const size = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`
  const costs = marks.map(({ entry, p50 }) => `${entry.label} ${duration(p50)}`).join(', ')
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" font-family="${FONTS}">
<title>What one check costs: ${costs}</title>
${[...texts, ...legend, ...grid, ...rows].join('\n')}
</svg>
`
}

function subtitle({ date, machine }: BenchRecord): string {
  const what = 'Median of a token that nobody revoked; line: nine of ten samples. Logarithmic.'
  return `${what} ${machine.cpu}, ${date.slice(0, 10)}`
}

function markOf(entry: Entry, { results }: BenchRecord): Mark {
  const found = results.find((one) => isOf(entry, one))
  if (found === undefined) throw new Error(`the record has no '${entry.engine}' in its case check`)
  const samples = sorted(found.samples)
  return { entry, p50: found.p50Ns, low: quantile(samples, 0.05), high: quantile(samples, 0.95) }
}

function isOf({ kind, engine }: Entry, one: RecordedMeasurement): boolean {
  const situation = kind === 'verifier' ? one.operation === 'verify' : one.mix === MIX
  return one.case === 'check' && one.engine === engine && situation
}

function rowOf({ entry, p50, low, high }: Mark, y: number, theme: Theme): string {
  const colours = COLOURS[theme]
  const colour = colours[entry.kind]
  const weight = entry.kind === 'ours' ? 600 : 400
  const ends = `x1="${x(low)}" y1="${y}" x2="${x(high)}" y2="${y}"`
  const stroke = `stroke="${colour}" stroke-width="3" stroke-linecap="round" opacity="0.45"`
  const range = `<line ${ends} ${stroke}/>`
  return [
    text(LEFT - 14, y + 4.5, entry.label, { fill: colours.text, size: 13, anchor: 'end', weight }),
    range,
    dot(x(p50), y, colour),
    text(WIDTH - 16, y + 4.5, duration(p50), { fill: colours.text, size: 13, anchor: 'end', weight }),
  ].join('')
}

/** Where a time lies on the axis, in pixels. */
function x(ns: number): number {
  const share = Math.log(ns / LEAST) / Math.log(MOST / LEAST)
  return Number((LEFT + share * (RIGHT - LEFT)).toFixed(1))
}

const dot = (cx: number, cy: number, fill: string): string =>
  `<circle cx="${cx}" cy="${cy}" r="5" fill="${fill}"/>`

interface Style {
  readonly fill: string
  readonly size: number
  readonly weight?: number
  readonly anchor?: 'middle' | 'end'
}

function text(left: number, y: number, content: string, style: Style): string {
  const { fill, size, weight = 400, anchor = 'start' } = style
  const font = `font-size="${size}" font-weight="${weight}" text-anchor="${anchor}"`
  return `<text x="${left}" y="${y}" fill="${fill}" ${font}>${escaped(content)}</text>`
}

const escaped = (content: string): string => content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
