import { printable } from '../errors.js'
import { perSecond, shortDuration, whole } from '../output/format-numbers.js'
import { type Tone, tone } from '../output/print.js'
import { engineTable } from './engine-table.js'
import type { Frame } from './rates.js'
import { sparkline } from './sparkline.js'

/** The size of the view, and what it names. */
export interface ViewOptions {
  readonly width: number
  readonly height: number
  /** The store that is watched. */
  readonly store: string
  readonly intervalMs: number
}

type Piece = readonly [text: string, tone?: Tone]

const LABEL = 15
const VALUE = 9
/** Lines of a terminal below which empty lines and the line with the time make room for engines. */
const COMFORTABLE = 12

/**
 * Formats the view in at most `height` lines of at most `width` characters.
 *
 * @param frames - the last frames, the present one at the end
 */
export function view(frames: readonly Frame[], { width, height, store, intervalMs }: ViewOptions): string[] {
  const frame = frames.at(-1)
  if (frame === undefined) return []
  const chart = (label: string, rate: (frame: Frame) => number | null): string => {
    // A single bar would only show its own height.
    const bars = frames.length === 1 ? '' : sparkline(frames.map(rate), width - LABEL - VALUE - 2)
    return line(
      width,
      [label.padEnd(LABEL)],
      [perSecond(rate(frame)).padStart(VALUE)],
      ['  '],
      [bars, 'good'],
    )
  }
  const comfortable = height >= COMFORTABLE
  const top = [
    line(width, ['revocade'.padEnd(LABEL), 'bold'], [printable(store)], [`, seq ${whole(frame.seq)}`]),
    line(width, ...redisPieces(frame)),
    chart('checks/s', ({ total }) => total.checksPerSecond),
    chart('revocations/s', ({ revocationsPerSecond }) => revocationsPerSecond),
    ...(comfortable ? [''] : []),
  ]
  const interval = intervalMs % 1000 === 0 ? `${whole(intervalMs / 1000)} s` : shortDuration(intervalMs)
  const bottom = comfortable
    ? ['', line(width, [`${frame.time.slice(11, 19)}Z, every ${interval}, q ends`, 'dim'])]
    : []
  const engines =
    frame.engines.length === 0
      ? [line(width, ['no engine answers'])]
      : engineTable(frame, width, height - top.length - bottom.length)
  return [...top, ...engines, ...bottom].slice(0, height)
}

function redisPieces({ redis, total, reached }: Frame): Piece[] {
  if (redis === null)
    return [
      ['redis'.padEnd(LABEL)],
      ['none: this follows the store by itself. What services check shows with --redis', 'dim'],
    ]
  const { server, state, why, roundTripMs } = redis
  if (state !== 'ready')
    return [
      ['redis'.padEnd(LABEL)],
      [`${printable(server)} `],
      [`unavailable: ${printable(why ?? '')}`, 'bad'],
    ]
  const silent = (reached ?? 0) - total.engines
  return [
    ['redis'.padEnd(LABEL)],
    [`${printable(server)} `],
    ['ready', 'good'],
    [`, ${shortDuration(roundTripMs)}, engines: ${whole(total.engines)}`],
    ...(silent > 0 ? [[`, ${whole(silent)} did not answer`, 'warn'] as const] : []),
  ]
}

/** Joins pieces in a row and cuts it at the width. */
function line(width: number, ...pieces: readonly Piece[]): string {
  let left = width
  let text = ''
  for (const [part, style] of pieces) {
    const cut = Array.from(part).slice(0, left).join('')
    left -= Array.from(cut).length
    text += style === undefined || cut === '' ? cut : tone(cut, style)
  }
  return text
}
