import { type Line, MAX_LINE_BYTES, readLines } from '../../read-lines.js'

/**
 * Splits a CSV stream into records: lines, joined while a quote is open. csv-parse could do this, but after a
 * stray quote it takes everything that follows for part of that record. Here an unclosed quote spoils only
 * its own line.
 */
export async function* readCsvRecords(source: AsyncIterable<Uint8Array>): AsyncGenerator<Line[], void, void> {
  let open: Open | undefined

  for await (const lines of readLines(source, { keepCarriageReturn: true })) {
    const records: Line[] = []
    open = frame(lines, open, records)
    if (records.length > 0) yield records
  }

  while (open !== undefined) {
    const records: Line[] = []
    open = frame(giveUp(open, records), undefined, records)
    yield records
  }
}

/** The lines of a record whose quote is still open. */
interface Open {
  readonly lines: [Line, ...Line[]]
  bytes: number
}

function frame(input: readonly Line[], before: Open | undefined, records: Line[]): Open | undefined {
  let open = before
  // The last line comes first. Lines return to the queue when a quote before them turns out to be unclosed.
  const queue = [...input].reverse()
  for (let line = queue.pop(); line !== undefined; line = queue.pop()) {
    if ('problem' in line) {
      if (open !== undefined) {
        queue.push(line, ...giveUp(open, records).reverse())
        open = undefined
      } else {
        records.push(line)
      }
      continue
    }
    const closes = hasOddQuotes(line.text)
    if (open === undefined) {
      if (closes) open = { lines: [line], bytes: line.text.length }
      else records.push(ended(line.number, line.text))
      continue
    }
    open.lines.push(line)
    open.bytes += line.text.length + 1
    if (closes) {
      records.push(ended(open.lines[0].number, open.lines.map(textOf).join('\n')))
      open = undefined
    } else if (open.bytes > MAX_LINE_BYTES) {
      queue.push(...giveUp(open, records).reverse())
      open = undefined
    }
  }
  return open
}

/** Reports the line that opened the quote, and returns the lines after it. */
function giveUp(open: Open, records: Line[]): Line[] {
  const [first, ...rest] = open.lines
  records.push({ number: first.number, problem: 'a quote is opened and never closed' })
  return rest
}

function ended(number: number, text: string): Line {
  return { number, text: text.endsWith('\r') ? text.slice(0, -1) : text }
}

function textOf(line: Line): string {
  return 'text' in line ? line.text : ''
}

function hasOddQuotes(text: string): boolean {
  let odd = false
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) odd = !odd
  return odd
}
