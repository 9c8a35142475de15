import { isUtf8 } from 'node:buffer'

/** The longest line that is accepted, in bytes of UTF-8. */
export const MAX_LINE_BYTES = 64 * 1024

/** A line of input: its text, or why it can't be used. */
export type Line =
  { readonly number: number; readonly text: string } | { readonly number: number; readonly problem: string }

const LF = 10
const TOO_LONG = `the line is longer than ${MAX_LINE_BYTES.toLocaleString('en')} bytes`
const NOT_UTF8 = 'the line is not valid UTF-8'

/**
 * Splits a byte stream into lines and yields those of one chunk together, so that a million lines cost only a
 * few thousand promises. Lines end with LF or CRLF; a byte order mark at the start is dropped. Memory holds
 * at most one chunk and one line.
 */
export async function* readLines(
  source: AsyncIterable<Uint8Array>,
  options: { readonly keepCarriageReturn?: boolean } = {},
): AsyncGenerator<Line[], void, void> {
  const { keepCarriageReturn = false } = options
  let number = 0
  let rest: Uint8Array = new Uint8Array(0)
  let skipping = false

  for await (const chunk of source) {
    let bytes = chunk
    const lines: Line[] = []
    if (skipping) {
      const end = bytes.indexOf(LF)
      if (end < 0) continue
      lines.push({ number: ++number, problem: TOO_LONG })
      bytes = bytes.subarray(end + 1)
      skipping = false
    }
    const end = bytes.lastIndexOf(LF)
    if (end >= 0) {
      number = split(joined(rest, bytes.subarray(0, end)), number, lines, keepCarriageReturn)
      rest = bytes.subarray(end + 1)
    } else {
      rest = joined(rest, bytes)
    }
    if (rest.length > MAX_LINE_BYTES) {
      skipping = true
      rest = new Uint8Array(0)
    }
    if (lines.length > 0) yield lines
  }

  const lines: Line[] = []
  if (skipping) lines.push({ number: ++number, problem: TOO_LONG })
  else if (rest.length > 0) split(rest, number, lines, keepCarriageReturn)
  if (lines.length > 0) yield lines
}

/** Appends the lines of `bytes`, which has no trailing newline, and returns the number of the last line. */
function split(bytes: Uint8Array, before: number, lines: Line[], keepCr: boolean): number {
  let number = before
  // A valid chunk is checked and decoded as a whole; line by line only if it holds an invalid byte.
  if (isUtf8(bytes)) {
    for (const text of asString(bytes).split('\n')) {
      number++
      lines.push(
        tooLong(text) ? { number, problem: TOO_LONG } : { number, text: clean(text, number, keepCr) },
      )
    }
    return number
  }
  for (let start = 0; start <= bytes.length;) {
    const found = bytes.indexOf(LF, start)
    const end = found < 0 ? bytes.length : found
    const line = bytes.subarray(start, end)
    number++
    if (line.length > MAX_LINE_BYTES) lines.push({ number, problem: TOO_LONG })
    else if (!isUtf8(line)) lines.push({ number, problem: NOT_UTF8 })
    else lines.push({ number, text: clean(asString(line), number, keepCr) })
    start = end + 1
  }
  return number
}

function tooLong(text: string): boolean {
  // A UTF-16 unit takes at most 3 bytes of UTF-8, so most lines need no exact count.
  if (text.length * 3 <= MAX_LINE_BYTES) return false
  return Buffer.byteLength(text) > MAX_LINE_BYTES
}

function clean(text: string, number: number, keepCr: boolean): string {
  const unmarked = number === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text
  return !keepCr && unmarked.endsWith('\r') ? unmarked.slice(0, -1) : unmarked
}

function asString(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b
  return Buffer.concat([a, b])
}
