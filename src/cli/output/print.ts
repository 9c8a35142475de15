import { once } from 'node:events'
import { styleText } from 'node:util'
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
