import { once } from 'node:events'
import { stripVTControlCharacters, styleText } from 'node:util'
import Table from 'cli-table3'
import { redact } from '../../redact.js'

/** A colour by its meaning. The text must carry the meaning without the colour, too. */
export type Tone = 'good' | 'bad' | 'warn' | 'dim' | 'bold'

const STYLES = { good: 'green', bad: 'red', warn: 'yellow', dim: 'dim', bold: 'bold' } as const

/** Whether to use colours: only on a terminal, and not if NO_COLOR is set (https://no-color.org). */
export function coloured(stream: { readonly isTTY: boolean }): boolean {
  return stream.isTTY && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb'
}

/** Colours a text for a stream that shows colours; returns it unchanged for others. */
export function tone(text: string, name: Tone, stream: NodeJS.WriteStream = process.stdout): string {
  return coloured(stream) ? styleText(STYLES[name], text) : text
}

/** Writes to a stream, and waits for `drain` when its buffer is full. */
export async function write(text: string, stream: NodeJS.WritableStream = process.stdout): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain')
}

/** Writes a line to stdout. */
export function writeLine(text: string): Promise<void> {
  return write(`${text}\n`)
}

/** Writes a value to stdout as a line of JSON. */
export function writeJson(value: unknown): Promise<void> {
  return write(`${JSON.stringify(value)}\n`)
}

/** Whether notes are for a program. */
export interface NoteOptions {
  readonly json?: boolean
}

/** Prints a note on stderr, so that stdout holds only data. */
export function note(text: string, { json = false }: NoteOptions = {}): void {
  const safe = redact(text)
  process.stderr.write(
    json ? `${JSON.stringify({ note: safe })}\n` : `${tone('note', 'warn', process.stderr)}: ${safe}\n`,
  )
}

/** Collects lines into writes of about 64 KiB. */
export class LineWriter {
  #pending = ''
  readonly #stream: NodeJS.WritableStream

  constructor(stream: NodeJS.WritableStream = process.stdout) {
    this.#stream = stream
  }

  async line(text: string): Promise<void> {
    this.#pending += text + '\n'
    if (this.#pending.length >= 64 * 1024) await this.flush()
  }

  async flush(): Promise<void> {
    const text = this.#pending
    this.#pending = ''
    if (text !== '') await write(text, this.#stream)
  }
}

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
