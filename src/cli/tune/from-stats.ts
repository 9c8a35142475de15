import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { revocationsOf } from '../../tuning/traffic.js'
import { CliError } from '../errors.js'
import { FIELDS, type FigureKey, type TrafficFigures } from './traffic-options.js'

const MOST_CHARACTERS = 16 * 2 ** 20

/**
 * What running engines tell of their traffic. Takes the JSON of an engine's `stats()`, of `revocade stats --json` (with `--redis` there are
 * engines in it), and a line of `revocade watch --json`, which alone has rates. Of several engines the busiest counts.
 */
export async function figuresFromStats(file: string, tokenLife: number): Promise<TrafficFigures> {
  const document = parse(await read(file), file)
  const figures = figuresOf(document, tokenLife)
  if (Object.keys(figures).length === 0) {
    throw new CliError(
      'ERR_USAGE',
      `--from-stats: there are no figures of an engine in ${file === '-' ? 'the input' : file}. Give what stats() returns, 'revocade stats --json' prints with --redis, or 'revocade watch --json'.`,
    )
  }
  return figures
}

async function read(file: string): Promise<string> {
  let content: string
  try {
    content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8')
  } catch (error) {
    throw new CliError(
      'ERR_FILE',
      `--from-stats: ${file} can't be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    )
  }
  if (content.length > MOST_CHARACTERS)
    throw new CliError('ERR_FILE', `--from-stats: ${file} is too long to be figures`)
  return content
}

/** Of several lines the last: `watch --json` goes on. */
function parse(content: string, file: string): unknown {
  for (const candidate of [content, content.trimEnd().split('\n').at(-1) ?? '']) {
    try {
      return JSON.parse(candidate)
    } catch {
      // Perhaps it is the other.
    }
  }
  throw new CliError('ERR_USAGE', `--from-stats: ${file === '-' ? 'the input' : file} is no JSON`)
}

/** Exported for tests. */
export function figuresOf(document: unknown, tokenLife: number): TrafficFigures {
  const engines = listOf(document, 'engines') ?? listOf(at(document, 'redis'), 'engines') ?? []
  const own = at(document, 'prefilter') === undefined ? [] : [document]
  const [busiest] = [...engines, ...own].sort((a, b) => weight(b) - weight(a))
  const counted = numberAt(document, 'counts', 'tokens')
  const kept = numberAt(busiest, 'prefilter', 'entries')
  const roundTripMs = numberAt(busiest, 'redis', 'roundTripMs') ?? numberAt(document, 'redis', 'roundTripMs')
  const found: Partial<Record<FigureKey, number | undefined>> = {
    revocations:
      counted === undefined
        ? kept === undefined
          ? undefined
          : revocationsOf(kept, tokenLife)
        : counted + selectorsIn(document),
    checksPerSecond: numberAt(busiest, 'checksPerSecond'),
    revokedShare: revokedShare(busiest),
    redisRttUs: roundTripMs === undefined ? undefined : roundTripMs * 1000,
  }
  // What is out of bounds (an engine that has just started) says nothing.
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [FigureKey, number] => {
      const [key, value] = entry
      const { least, most } = FIELDS[key as FigureKey]
      return value !== undefined && value >= least && value <= most
    }),
  )
}

function selectorsIn(document: unknown): number {
  const selectors = at(at(document, 'counts'), 'selectors')
  return typeof selectors === 'object' && selectors !== null
    ? Object.values(selectors).reduce((sum: number, n) => sum + (typeof n === 'number' ? n : 0), 0)
    : 0
}

/** Share of all decisions that were for revoked tokens: those past the prefilter, less its false positives. */
function revokedShare(engine: unknown): number | undefined {
  const decided = at(engine, 'decided') ?? at(engine, 'shares')
  const by = (layer: string): number => numberAt(decided, layer) ?? 0
  const behind = by('cache') + by('redis') + by('store')
  const all = behind + by('prefilter')
  if (all === 0) return undefined
  const rate = numberAt(engine, 'prefilter', 'measuredFalsePositiveRate') ?? 0
  const mistakes = rate < 1 ? (by('prefilter') * rate) / (1 - rate) : behind
  return Math.max(0, behind - mistakes) / all
}

function weight(engine: unknown): number {
  const decided = at(engine, 'decided')
  const counts = typeof decided === 'object' && decided !== null ? Object.values(decided) : []
  return (
    numberAt(engine, 'checksPerSecond') ??
    counts.reduce((sum: number, n) => sum + (typeof n === 'number' ? n : 0), 0)
  )
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (Reflect.get(value, name) as unknown)
    : undefined
}

function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = path.reduce(at, value)
  return typeof found === 'number' && Number.isFinite(found) && found >= 0 ? found : undefined
}

function listOf(value: unknown, name: string): readonly unknown[] | undefined {
  const list = at(value, name)
  return Array.isArray(list) && list.length > 0 ? (list as readonly unknown[]) : undefined
}
