import { printable } from '../errors.js'
import { chance, percent, perSecond, shortDuration, whole } from '../output/format-numbers.js'
import { type ByLayer, LAYERS } from '../output/layer-counts.js'
import { tone } from '../output/print.js'
import { displayWidth, GAP, table } from '../output/table.js'
import type { EngineRow, Frame, TotalRow } from './rates.js'

interface Column {
  readonly head: string
  /** The least width: that of the usual content, so that columns do not move. */
  readonly least: number
  /** On a narrow terminal the columns with the highest number are dropped first. */
  readonly expendable: number
  readonly engine: (row: EngineRow) => string
  readonly total: (row: TotalRow) => string
}

/** The least width of an engine's name. Its end tells two engines apart. */
const NARROWEST_NAME = 14

const REDIS: readonly Column[] = [
  { head: 'breaker', least: 7, expendable: 3, engine: ({ redis }) => breakerText(redis), total: () => '' },
  {
    head: 'queue',
    least: 5,
    expendable: 4,
    engine: ({ redis }) => whole(redis?.queued ?? null),
    total: ({ queued }) => whole(queued),
  },
  {
    head: 'ping',
    least: 7,
    expendable: 7,
    engine: ({ redis }) => shortDuration(redis?.roundTripMs ?? null),
    total: ({ roundTripMs }) => shortDuration(roundTripMs),
  },
]

/** Formats one line an engine and one for all, in at most `width` columns and `height` lines. */
export function engineTable(frame: Frame, width: number, height: number): string[] {
  const room = Math.max(1, height - (frame.engines.length > 1 ? 2 : 1))
  const shown = frame.engines.length > room ? frame.engines.slice(0, room - 1) : frame.engines
  const columns = fitting(columnsOf(frame), frame, width)
  const total =
    frame.engines.length > 1
      ? [[tone('total', 'bold'), ...columns.map((column) => column.total(frame.total))]]
      : []
  const rows = [...shown.map((row) => cells(row, columns, width)), ...total]
  const lines = table(rows, {
    head: ['engine', ...columns.map(headOf)],
    right: columns.map((_, i) => i + 1),
    flexible: 0,
    width,
  }).split('\n')
  const hidden = frame.engines.length - shown.length
  if (hidden > 0) lines.splice(shown.length + 1, 0, tone(`and ${whole(hidden)} more`, 'dim'))
  return lines
}

function columnsOf({ engines, total, redis }: Frame): Column[] {
  // Decisions by policy mean a fault. They have a column only when they occur.
  const layers = LAYERS.filter((layer) => layer !== 'policy' || (total.shares?.policy ?? 0) > 0)
  const rare = { prefilter: 2, cache: 6, redis: 5, store: 8, policy: 1 } as const
  return [
    {
      head: 'checks/s',
      least: 9,
      expendable: 0,
      engine: (row) => perSecond(row.checksPerSecond),
      total: (row) => perSecond(row.checksPerSecond),
    },
    ...layers.map((layer): Column => ({
      head: layer,
      least: 7,
      expendable: rare[layer],
      engine: ({ shares }) => share(shares, layer),
      total: ({ shares }) => share(shares, layer),
    })),
    { head: 'lease', least: 7, expendable: 1, engine: leaseText, total: leaseText },
    {
      head: 'false +',
      least: 7,
      expendable: 9,
      engine: ({ prefilter }) => chance(prefilter.measuredFalsePositiveRate),
      total: ({ measuredFalsePositiveRate }) => chance(measuredFalsePositiveRate),
    },
    ...(redis === null || engines.length === 0 ? [] : REDIS),
  ]
}

/** Drops columns until a short name fits beside the rest. */
function fitting(columns: readonly Column[], frame: Frame, width: number): Column[] {
  const kept = [...columns]
  const widthOf = (column: Column): number =>
    GAP +
    Math.max(
      ...[headOf(column), ...frame.engines.map(column.engine), column.total(frame.total)].map(displayWidth),
    )
  const tooWide = (): boolean => kept.reduce((sum, column) => sum + widthOf(column), NARROWEST_NAME) > width
  while (kept.length > 1 && tooWide()) {
    const first = kept.reduce((most, column) => (column.expendable > most.expendable ? column : most))
    kept.splice(kept.indexOf(first), 1)
  }
  return kept
}

function headOf({ head, least }: Column): string {
  return head.padStart(least)
}

function cells(row: EngineRow, columns: readonly Column[], width: number): string[] {
  const name = shortName(printable(row.engine), Math.max(NARROWEST_NAME, Math.floor(width / 3)))
  if (row.silentMs === 0) return [name, ...columns.map(({ engine }) => engine(row))]
  const [, ...others] = columns
  return [tone(name, 'dim'), tone(`silent ${whole(row.silentMs / 1000)} s`, 'warn'), ...others.map(() => '')]
}

/** Cuts the middle of a name: its beginning names the machine, its end the engine. */
function shortName(name: string, width: number): string {
  if (name.length <= width) return name
  const end = Math.min(10, width - 4)
  return `${name.slice(0, width - end - 1)}…${name.slice(-end)}`
}

function share(shares: ByLayer | null, layer: keyof ByLayer): string {
  return percent(shares === null ? null : shares[layer])
}

/** The age of a lease, or that it has run out. */
export function leaseText({ lease }: Pick<TotalRow, 'lease'>): string {
  if (lease === null) return shortDuration(null)
  return lease.live ? shortDuration(lease.ageMs) : tone('run out', 'bad')
}

function breakerText(redis: EngineRow['redis']): string {
  if (redis === null) return '–'
  return redis.breaker === 'closed' ? 'closed' : tone(printable(redis.breaker), 'bad')
}
