import { MOST_REVOCATIONS, type Traffic } from '../../tuning/traffic.js'
import { parseDuration } from '../input/time.js'

interface Field {
  /** With its argument, as commander takes it. */
  readonly flag: string
  readonly about: string
  readonly hint: string
  readonly within: readonly [least: number, most: number]
  /** The default as it would be typed. Undefined: it must be given. Empty: there is none. */
  readonly fallback?: string
  /** NaN if the text is not valid. */
  readonly parse?: (text: string) => number
}

/** Seconds: the default of the field `tokenLife`. */
export const DEFAULT_TOKEN_LIFE = 3600

/** In the order of the questions. */
const FIELDS = {
  revocations: {
    flag: '--revocations <n>',
    about: 'revocations alive at a time',
    hint: `a whole number from 1 to ${MOST_REVOCATIONS.toLocaleString('en')}, such as 1e6`,
    within: [1, MOST_REVOCATIONS],
    parse: (text) => (Number.isInteger(plain(text)) ? plain(text) : NaN),
  },
  checksPerSecond: {
    flag: '--checks-per-second <n>',
    about: 'checks a second in a process',
    hint: 'a number above 0, up to 1e7',
    within: [1e-3, 1e7],
  },
  revokedShare: {
    flag: '--revoked-share <share>',
    about: 'of the checks, the share whose token is revoked',
    hint: 'a share from 0 to 1, such as 0.001 or 0.1%',
    within: [0, 1],
    fallback: '0.1%',
    parse: (text) => (text.endsWith('%') ? signed(text.slice(0, -1).trim()) / 100 : signed(text)),
  },
  tokenLife: {
    flag: '--token-life <duration>',
    about: 'how long a token lives, from its issue to its exp',
    hint: 'a duration from 1s to 10 years, such as 15m or 8h',
    within: [1, 316_224_000],
    fallback: '1h',
    parse: duration,
  },
  redisRttUs: {
    flag: '--redis-rtt-us <µs>',
    about: "round trip to Redis in microseconds ('revocade doctor --redis' measures it)",
    hint: 'microseconds from 1 to 1e6',
    within: [1, 1e6],
    fallback: '',
  },
  memoryMb: {
    flag: '--memory-mb <MiB>',
    about: 'what the filter may take in a process, in MiB',
    hint: 'MiB above 0, up to 1e6',
    within: [1e-3, 1e6],
    fallback: '',
  },
  storeReadsPerDay: {
    flag: '--store-reads-per-day <n>',
    about: 'reads of the store a day that a process may make for tokens that nobody revoked',
    hint: 'a number from 0 to 1e12',
    within: [0, 1e12],
    fallback: '',
  },
} satisfies Readonly<Record<string, Field>>

/** The name of a figure. */
export type FigureKey = keyof typeof FIELDS

/** What may be known of the traffic: from flags, answers, or the statistics of an engine. */
export type TrafficFigures = { readonly [key in FigureKey]?: number | undefined }

/** The names of all figures, in the order of the questions. */
export const KEYS = Object.keys(FIELDS) as readonly FigureKey[]

/** How a figure is given. */
export const fieldOf = (key: FigureKey): Field => FIELDS[key]

/** Parses a text; undefined if it is not a number within the bounds of the field. */
export function readFigure(key: FigureKey, text: string): number | undefined {
  const { parse = plain } = fieldOf(key)
  return inBounds(key, parse(text.trim()))
}

/** The value, if it is within the bounds of the field. */
export function inBounds(key: FigureKey, value = NaN): number | undefined {
  const [least, most] = fieldOf(key).within
  return value >= least && value <= most ? value : undefined
}

function plain(text: string): number {
  return /^\d[\d_,]*(\.\d+)?(e\d+)?$|^\.\d+$/i.test(text) ? Number(text.replaceAll(/[_,]/g, '')) : NaN
}

function signed(text: string): number {
  return /^\d*\.?\d+(e-?\d+)?$/i.test(text) ? Number(text) : NaN
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
  return KEYS.filter((key) => fieldOf(key).fallback === undefined && figures[key] === undefined)
}

/** The traffic with defaults. All required fields must be there. */
export function trafficOf(figures: TrafficFigures): Traffic {
  const value = (key: FigureKey) => figures[key] ?? readFigure(key, fieldOf(key).fallback ?? '')
  const memoryMb = value('memoryMb')
  return {
    revocations: value('revocations') ?? NaN,
    checksPerSecond: value('checksPerSecond') ?? NaN,
    revokedShare: value('revokedShare') ?? 0,
    tokenLifeSeconds: value('tokenLife') ?? DEFAULT_TOKEN_LIFE,
    redisRttUs: value('redisRttUs'),
    memoryBytes: memoryMb === undefined ? undefined : memoryMb * 2 ** 20,
    storeReadsPerDay: value('storeReadsPerDay'),
  }
}
