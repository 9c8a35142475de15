import { MOST_REVOCATIONS, type Traffic } from '../../tuning/traffic.js'
import { parseDuration } from '../input/time.js'

/** What may be known of the traffic: from flags, answers, or the statistics of an engine. */
export interface TrafficFigures {
  readonly revocations?: number
  readonly checksPerSecond?: number
  readonly revokedShare?: number
  /** Seconds. */
  readonly tokenLife?: number
  readonly redisRttUs?: number
  readonly memoryMb?: number
  readonly storeReadsPerDay?: number
}

/** A name in {@link TrafficFigures}. */
export type FigureKey = keyof TrafficFigures

interface Field {
  readonly flag: string
  readonly argument: string
  readonly about: string
  /** The default as it would be typed. Undefined: it must be given. Empty: there is none. */
  readonly fallback: string | undefined
  readonly hint: string
  /** NaN if the text is not valid. */
  readonly parse: (text: string) => number
  readonly least: number
  readonly most: number
  readonly whole?: boolean
}

const plain = (text: string): number =>
  /^\d[\d_,]*(\.\d+)?(e\d+)?$|^\.\d+$/i.test(text) ? Number(text.replaceAll(/[_,]/g, '')) : NaN
const signed = (text: string): number => (/^\d*\.?\d+(e-?\d+)?$/i.test(text) ? Number(text) : NaN)
const share = (text: string): number =>
  text.endsWith('%') ? signed(text.slice(0, -1).trim()) / 100 : signed(text)

/** Seconds: the default of the field `tokenLife`. */
export const DEFAULT_TOKEN_LIFE = 3600

/** In the order of the questions. */
export const FIELDS: Readonly<Record<FigureKey, Field>> = {
  revocations: {
    flag: '--revocations',
    argument: '<n>',
    about: 'revocations alive at a time',
    fallback: undefined,
    hint: `a whole number from 1 to ${MOST_REVOCATIONS.toLocaleString('en')}, such as 1e6`,
    parse: plain,
    least: 1,
    most: MOST_REVOCATIONS,
    whole: true,
  },
  checksPerSecond: {
    flag: '--checks-per-second',
    argument: '<n>',
    about: 'checks a second in a process',
    fallback: undefined,
    hint: 'a number above 0, up to 1e7',
    parse: plain,
    least: 1e-3,
    most: 1e7,
  },
  revokedShare: {
    flag: '--revoked-share',
    argument: '<share>',
    about: 'of the checks, the share whose token is revoked',
    fallback: '0.1%',
    hint: 'a share from 0 to 1, such as 0.001 or 0.1%',
    parse: share,
    least: 0,
    most: 1,
  },
  tokenLife: {
    flag: '--token-life',
    argument: '<duration>',
    about: 'how long a token lives, from its issue to its exp',
    fallback: '1h',
    hint: 'a duration from 1s to 10 years, such as 15m or 8h',
    parse: duration,
    least: 1,
    most: 316_224_000,
  },
  redisRttUs: {
    flag: '--redis-rtt-us',
    argument: '<µs>',
    about: "round trip to Redis in microseconds ('revocade doctor --redis' measures it)",
    fallback: '',
    hint: 'microseconds from 1 to 1e6',
    parse: plain,
    least: 1,
    most: 1e6,
  },
  memoryMb: {
    flag: '--memory-mb',
    argument: '<MiB>',
    about: 'what the filter may take in a process, in MiB',
    fallback: '',
    hint: 'MiB above 0, up to 1e6',
    parse: plain,
    least: 1e-3,
    most: 1e6,
  },
  storeReadsPerDay: {
    flag: '--store-reads-per-day',
    argument: '<n>',
    about: 'reads of the store a day that a process may make for tokens that nobody revoked',
    fallback: '',
    hint: 'a number from 0 to 1e12',
    parse: plain,
    least: 0,
    most: 1e12,
  },
}

/** The keys of {@link FIELDS}, in their order. */
export const KEYS = Object.keys(FIELDS) as readonly FigureKey[]

/** Parses a text; undefined if it is not a number within the bounds of the field. */
export function readFigure(key: FigureKey, text: string): number | undefined {
  const { parse, least, most, whole = false } = FIELDS[key]
  const value = parse(text.trim())
  return value >= least && value <= most && (!whole || Number.isInteger(value)) ? value : undefined
}

function duration(text: string): number {
  try {
    return parseDuration(text, '')
  } catch {
    return NaN
  }
}

/** The required fields that are not known. */
export function missing(figures: TrafficFigures): FigureKey[] {
  return KEYS.filter((key) => FIELDS[key].fallback === undefined && figures[key] === undefined)
}

/** The traffic with defaults. All required fields must be there. */
export function trafficOf(figures: TrafficFigures): Traffic {
  const value = (key: FigureKey): number | undefined =>
    figures[key] ?? readFigure(key, FIELDS[key].fallback ?? '')
  const { revocations = NaN, checksPerSecond = NaN } = figures
  const memoryMb = value('memoryMb')
  return {
    revocations,
    checksPerSecond,
    revokedShare: value('revokedShare') ?? 0,
    tokenLifeSeconds: value('tokenLife') ?? DEFAULT_TOKEN_LIFE,
    redisRttUs: value('redisRttUs'),
    memoryBytes: memoryMb === undefined ? undefined : memoryMb * 2 ** 20,
    storeReadsPerDay: value('storeReadsPerDay'),
  }
}
