import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'
import { tone } from './print.js'

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}
/** Columns of space between two columns of a table. */
export const GAP = 2

/** How a table is laid out. */
export interface TableOptions {
  readonly head?: readonly string[]
  /** Indexes of the columns that are aligned to the right. */
  readonly right?: readonly number[]
  /** Index of the column that shrinks first on a narrow terminal. */
  readonly flexible?: number
  /** Where to wrap text that does not fit: ids have no spaces. Without it, the text is cut. */
  readonly wrap?: 'words' | 'anywhere'
  /** The width to fit. @default the width of the terminal; unlimited elsewhere */
  readonly width?: number
}

/** Formats a table without borders. On a terminal it fits the width; elsewhere nothing is cut. */
export function table(rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const { head, right = [], flexible, wrap } = options
  const all = head === undefined ? rows : [head, ...rows]
  const columns = Math.max(0, ...all.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(1, ...all.map((row) => displayWidth(row[i] ?? ''))),
  )
  const available = options.width ?? (process.stdout.isTTY ? process.stdout.columns : undefined)
  if (available !== undefined) shrink(widths, available, flexible)
  const printer = new Table({
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colWidths: widths,
    colAligns: widths.map((_, i) => (right.includes(i) ? 'right' : 'left')),
    wordWrap: wrap !== undefined,
    wrapOnWordBoundary: wrap !== 'anywhere',
  })
  if (head !== undefined) printer.push([...head])
  for (const row of rows) printer.push([...row])
  // The head is made bold last, because the printer would break the escape sequences where it wraps.
  const headLines = Math.max(0, ...(head ?? []).map((text) => text.split('\n').length))
  const lines = printer
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
  return lines.map((line, i) => (i < headLines ? tone(line, 'bold') : line)).join('\n')
}

/** Shrinks the flexible column down to a width of 24, then again and again the widest column. */
function shrink(widths: number[], available: number, flexible: number | undefined): void {
  let excess = widths.reduce((sum, width) => sum + width + GAP, -GAP) - available
  if (flexible !== undefined && excess > 0) {
    const give = Math.min(excess, Math.max(0, (widths[flexible] ?? 0) - 24))
    widths[flexible] = (widths[flexible] ?? 0) - give
    excess -= give
  }
  for (; excess > 0; excess--) {
    const widest = widths.indexOf(Math.max(...widths))
    const width = widths[widest] ?? 0
    if (width <= 6) return
    widths[widest] = width - 1
  }
}

/** The number of visible characters of the longest line. */
export function displayWidth(text: string): number {
  return Math.max(
    ...stripVTControlCharacters(text)
      .split('\n')
      .map((line) => Array.from(line).length),
  )
}
