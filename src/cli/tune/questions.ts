import { createInterface } from 'node:readline'
import { CliError } from '../errors.js'
import { FIELDS, type FigureKey, KEYS, readFigure, type TrafficFigures } from './traffic-options.js'

/** Asks for what was not told, one figure after the other, on stderr: stdout is for the answer. An empty line takes the default. */
export async function ask(known: TrafficFigures): Promise<TrafficFigures> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // By the iterator, which keeps lines that come before they are asked for: answers may be pasted.
  const lines = terminal[Symbol.asyncIterator]()
  terminal.on('SIGINT', () => terminal.close())
  const answers: Partial<Record<FigureKey, number>> = {}
  const next = async (): Promise<string> => {
    const line: IteratorResult<string, undefined> = await lines.next()
    if (line.done === true)
      throw new CliError(
        'ERR_USAGE',
        "no more answers. What is missing can be given as flags: 'revocade tune --help'",
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

/** Until the answer is one. */
async function askOne(key: FigureKey, next: () => Promise<string>): Promise<number | undefined> {
  const { about, fallback, hint } = FIELDS[key]
  const otherwise = fallback === undefined ? '' : fallback === '' ? ' [none]' : ` [${fallback}]`
  for (;;) {
    process.stderr.write(`${about}${otherwise}: `)
    const answer = await next()
    if (answer === '' && fallback !== undefined)
      return fallback === '' ? undefined : readFigure(key, fallback)
    const value = readFigure(key, answer)
    if (value !== undefined) return value
    process.stderr.write(`  give ${hint}\n`)
  }
}
