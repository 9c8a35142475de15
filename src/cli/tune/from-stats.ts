import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { revocationsOf } from '../../tuning/traffic.js'
import { CliError } from '../errors.js'
import { inBounds, KEYS, type TrafficFigures } from './traffic-options.js'

const MOST_CHARACTERS = 16 * 2 ** 20

/**
 * Reads the traffic from statistics: the JSON of an engine's `stats()`, of `revocade stats --json` (with
 * `--redis` it has engines), or of `revocade watch --json`, which alone has rates. Of several engines the
 * busiest counts.
 */
export async function figuresFromStats(file: string, tokenLife: number): Promise<TrafficFigures> {
  const name = file === '-' ? 'the input' : file
  const figures = figuresOf(parse(await read(file), name), tokenLife)
  if (Object.keys(figures).length > 0) return figures
  throw new CliError(
    'ERR_USAGE',
    `--from-stats: there are no figures of an engine in ${name}: give what stats() returns, ` +
      "'revocade stats --json' prints with --redis, or 'revocade watch --json'",
  )
}

async function read(file: string): Promise<string> {
  const reading = file === '-' ? text(process.stdin) : readFile(file, 'utf8')
  const content = await reading.catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    throw new CliError('ERR_FILE', `--from-stats: ${file} can't be read: ${why}`, { cause: error })
  })
  if (content.length <= MOST_CHARACTERS) return content
  throw new CliError('ERR_FILE', `--from-stats: ${file} is too long to be figures`)
}

/** The whole text, or its last line: `watch --json` prints one document a line. */
function parse(content: string, name: string): unknown {
  for (const candidate of [content, content.trimEnd().split('\n').at(-1) ?? '']) {
    try {
      return JSON.parse(candidate)
    } catch {
      // The other candidate may be JSON.
    }
  }
  throw new CliError('ERR_USAGE', `--from-stats: ${name} is no JSON`)
}

function figuresOf(document: unknown, tokenLife: number): TrafficFigures {
  const own = at(document, 'prefilter') === undefined ? [] : [document]
  const engines = [at(document, 'engines'), at(document, 'redis', 'engines'), own].find(
    (list): list is unknown[] => Array.isArray(list) && list.length > 0,
  )
  const busiest = engines?.toSorted((a, b) => activity(b) - activity(a)).at(0)
  const counted = numberAt(document, 'counts', 'tokens') ?? NaN
  const kept = numberAt(busiest, 'prefilter', 'entries') ?? NaN
  const roundTripMs = numberAt(busiest, 'redis', 'roundTripMs') ?? numberAt(document, 'redis', 'roundTripMs')
  const found: TrafficFigures = {
    revocations:
      counted >= 0 ? counted + sumOf(at(document, 'counts', 'selectors')) : revocationsOf(kept, tokenLife),
    checksPerSecond: numberAt(busiest, 'checksPerSecond'),
    revokedShare: revokedShare(busiest),
    redisRttUs: (roundTripMs ?? NaN) * 1000,
  }
  // A number out of bounds says nothing: the engine has just started.
  const told = KEYS.filter((key) => inBounds(key, found[key]) !== undefined)
  return Object.fromEntries(told.map((key) => [key, found[key]]))
}

/** Share of all decisions that were for revoked tokens: those past the prefilter less false positives. */
function revokedShare(engine: unknown): number | undefined {
  const decided = at(engine, 'decided') ?? at(engine, 'shares')
  const [ruledOut = 0, ...others] = ['prefilter', 'cache', 'redis', 'store'].map(
    (layer) => numberAt(decided, layer) ?? 0,
  )
  const behind = others.reduce((sum, n) => sum + n, 0)
  if (ruledOut + behind === 0) return undefined
  const rate = numberAt(engine, 'prefilter', 'measuredFalsePositiveRate') ?? 0
  const mistakes = rate < 1 ? (ruledOut * rate) / (1 - rate) : behind
  return Math.max(0, behind - mistakes) / (ruledOut + behind)
}

/** Its checks a second, else all that it has decided. */
function activity(engine: unknown): number {
  return numberAt(engine, 'checksPerSecond') ?? sumOf(at(engine, 'decided'))
}

function sumOf(counts: unknown): number {
  const numbers = Object.values(Object(counts) as object).filter((n) => typeof n === 'number')
  return numbers.reduce((sum, n) => sum + n, 0)
}

function at(value: unknown, ...path: readonly string[]): unknown {
  const own = (from: unknown, name: string): unknown =>
    from instanceof Object ? Object.getOwnPropertyDescriptor(from, name)?.value : undefined
  return path.reduce(own, value)
}

function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path)
  return typeof found === 'number' && Number.isFinite(found) && found >= 0 ? found : undefined
}
