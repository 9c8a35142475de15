import { readLines } from '../../read-lines.js'
import { CliError } from '../errors.js'
import { type Entry, toInput } from './entry.js'

/** Reads one JSON object a line. Empty lines are skipped. */
export async function* readNdjson(source: AsyncIterable<Uint8Array>): AsyncGenerator<Entry[], void, void> {
  for await (const lines of readLines(source)) {
    const entries: Entry[] = []
    for (const line of lines) {
      const at = { line: line.number, bytes: 0 }
      if ('problem' in line) {
        entries.push({ ...at, error: new CliError('ERR_BAD_LINE', line.problem) })
      } else if (line.text.trim() !== '') {
        entries.push(entryOf(line.text, line.number))
      }
    }
    if (entries.length > 0) yield entries
  }
}

function entryOf(text: string, line: number): Entry {
  const bytes = text.length + 1
  try {
    return { line, bytes, ...toInput(parse(text)) }
  } catch (error) {
    if (error instanceof CliError) return { line, bytes, error }
    throw error
  }
}

function parse(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The message of JSON.parse is not passed on: it quotes the input, which may be a token.
    throw new CliError('ERR_BAD_LINE', 'the line is not valid JSON')
  }
  if (!isRecord(value)) throw new CliError('ERR_BAD_LINE', 'the line is not a JSON object')
  return value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
