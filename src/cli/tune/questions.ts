import { createInterface } from 'node:readline'
import { CliError } from '../errors.js'
import { fieldOf, type FigureKey, KEYS, readFigure, type TrafficFigures } from './traffic-options.js'

/**
 * Asks for the numbers that are not known, one after the other. Questions go to stderr, because stdout is
 * for the report. An empty line takes the default.
 */
export async function ask(known: TrafficFigures): Promise<TrafficFigures> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  terminal.on('SIGINT', () => terminal.close())
  // The iterator keeps lines that come before their question: answers may be pasted.
  const lines = terminal[Symbol.asyncIterator]()
  const answers: Partial<Record<FigureKey, number | undefined>> = {}
  try {
    for (const key of KEYS) if (known[key] === undefined) answers[key] = await askOne(key, lines)
  } finally {
    terminal.close()
  }
  return { ...known, ...answers }
}

/** Asks until the answer is valid. */
async function askOne(key: FigureKey, lines: AsyncIterator<string, undefined>): Promise<number | undefined> {
  const { about, fallback, hint } = fieldOf(key)
  const otherwise = fallback === undefined ? '' : ` [${fallback || 'none'}]`
  for (;;) {
    process.stderr.write(`${about}${otherwise}: `)
    const line = await lines.next()
    if (line.done === true)
      throw new CliError('ERR_USAGE', "no more answers: give the rest as flags; see 'revocade tune --help'")
    const answer = line.value.trim() || (fallback ?? '')
    if (answer === '' && fallback === '') return undefined
    const value = readFigure(key, answer)
    if (value !== undefined) return value
    process.stderr.write(`  give ${hint}\n`)
  }
}
