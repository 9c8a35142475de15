import { once } from 'node:events'
import { stripVTControlCharacters, styleText } from 'node:util'
import Table from 'cli-table3'

/** A colour that means something; the text alone must say it too. */
export type Tone = 'good' | 'bad' | 'warn' | 'dim' | 'bold'

const STYLES = { good: 'green', bad: 'red', warn: 'yellow', dim: 'dim', bold: 'bold' } as const

/** Colours only for a person at a terminal who has not asked for none (https://no-color.org). */
export function coloured(stream: { readonly isTTY: boolean }): boolean {
  return stream.isTTY && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb'
}

export function tone(text: string, name: Tone, stream: NodeJS.WriteStream = process.stdout): string {
  return coloured(stream) ? styleText(STYLES[name], text) : text
}

/** Writes to stdout and waits where the reader is slower than we are. */
export async function write(text: string, stream: NodeJS.WritableStream = process.stdout): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain')
}

export function writeLine(text: string): Promise<void> {
  return write(`${text}\n`)
}

export function writeJson(value: unknown): Promise<void> {
  return write(`${JSON.stringify(value)}\n`)
}

/** For people, beside the data on stdout. */
export function note(text: string, { json = false }: { readonly json?: boolean } = {}): void {
  process.stderr.write(
    json ? `${JSON.stringify({ note: text })}\n` : `${tone('note', 'warn', process.stderr)}: ${text}\n`,
  )
}

/** Collects small lines into few writes. */
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
export const GAP = 2

export interface TableOptions {
  readonly head?: readonly string[]
  /** Columns of numbers, set to the right. */
  readonly right?: readonly number[]
  /** The column that gives way first where the terminal is narrow. */
  readonly flexible?: number
  /** Wrap what does not fit, between words or anywhere (ids have no spaces); else it is cut. */
  readonly wrap?: 'words' | 'anywhere'
  /** What it has to fit. Default: a terminal's width; elsewhere anything does. */
  readonly width?: number
}

/** A table without borders. On a terminal it fits the width; elsewhere nothing is cut. */
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
  // Bold only now: the printer would count and break the escape sequences where it wraps.
  const headLines = Math.max(0, ...(head ?? []).map((text) => text.split('\n').length))
  const lines = printer
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
  return lines.map((line, i) => (i < headLines ? tone(line, 'bold') : line)).join('\n')
}

/** Takes what is too wide from the flexible column down to 24, then from whichever is widest. */
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

/** Characters that are seen, of the longest line. */
export function displayWidth(text: string): number {
  return Math.max(
    ...stripVTControlCharacters(text)
      .split('\n')
      .map((line) => Array.from(line).length),
  )
}
