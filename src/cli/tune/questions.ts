import { createInterface } from 'node:readline'
import { CliError } from '../errors.js'
import { FIELDS, type FigureKey, KEYS, readFigure, type TrafficFigures } from './traffic-options.js'

/**
 * Asks for the numbers that are not known, one after the other. Questions go to stderr, because stdout is
 * for the report. An empty line takes the default.
 */
export async function ask(known: TrafficFigures): Promise<TrafficFigures> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // The iterator keeps lines that come before their question: answers may be pasted.
  const lines = terminal[Symbol.asyncIterator]()
  terminal.on('SIGINT', () => terminal.close())
  const answers: Partial<Record<FigureKey, number>> = {}
  const next = async (): Promise<string> => {
    const line: IteratorResult<string, undefined> = await lines.next()
    if (line.done === true)
      throw new CliError(
        'ERR_USAGE',
        "no more answers: give what is missing as flags; see 'revocade tune --help'",
      )
    return line.value.trim()
  }
  try {
    for (const key of KEYS) {
      if (known[key] !== undefined) continue
      const value = await askOne(key, next)
      if (value !== undefined) answers[key] = value
    }
  } finally {
    terminal.close()
  }
  return { ...known, ...answers }
}

/** Asks until the answer is valid. */
async function askOne(key: FigureKey, next: () => Promise<string>): Promise<number | undefined> {
  const { about, fallback, hint } = FIELDS[key]
  const otherwise = fallback === undefined ? '' : ` [${fallback || 'none'}]`
  for (;;) {
    process.stderr.write(`${about}${otherwise}: `)
    const answer = await next()
    if (answer === '' && fallback === '') return undefined
    const value = readFigure(key, answer === '' && fallback !== undefined ? fallback : answer)
    if (value !== undefined) return value
    process.stderr.write(`  give ${hint}\n`)
  }
}
