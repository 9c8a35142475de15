import { createInterface } from 'node:readline/promises'
import { CliError } from '../errors.js'
import { FIELDS, type FigureKey, KEYS, readFigure, type TrafficFigures } from './traffic-options.js'

/** Asks for what was not told, one figure after the other, on stderr: stdout is for the answer. An empty line takes the default. */
export async function ask(known: TrafficFigures): Promise<TrafficFigures> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answers: Partial<Record<FigureKey, number>> = {}
  const over = new AbortController()
  // Ctrl-D: no more answers. A question that nobody will answer waits for ever otherwise.
  terminal.on('close', () => over.abort())
  terminal.on('SIGINT', () => terminal.close())
  try {
    for (const key of KEYS) {
      if (known[key] !== undefined) continue
      const value = await askOne(key, (question) => terminal.question(question, { signal: over.signal }))
      if (value !== undefined) answers[key] = value
    }
  } catch (error) {
    if (over.signal.aborted) throw new CliError('ERR_USAGE', 'no more answers: the rest can be given as flags, see revocade tune --help', { cause: error })
    throw error
  } finally {
    terminal.close()
  }
  return { ...known, ...answers }
}

/** Until the answer is one. */
async function askOne(key: FigureKey, question: (text: string) => Promise<string>): Promise<number | undefined> {
  const { about, fallback, hint } = FIELDS[key]
  const otherwise = fallback === undefined ? '' : fallback === '' ? ' [none]' : ` [${fallback}]`
  for (;;) {
    const answer = (await question(`${about}${otherwise}: `)).trim()
    if (answer === '' && fallback !== undefined) return fallback === '' ? undefined : readFigure(key, fallback)
    const value = readFigure(key, answer)
    if (value !== undefined) return value
    process.stderr.write(`  give ${hint}\n`)
  }
}
