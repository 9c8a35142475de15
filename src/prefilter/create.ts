import type { Prefilter, PrefilterKind } from '../ports/index.js'
import { integerOption, numberOption, optionError, rejectUnknownKeys } from '../validate.js'
import { bloom } from './bloom.js'
import { bloomFilters } from './bloom-filters.js'
import { exact } from './exact.js'
import { fuse } from './fuse.js'
import { none } from './none.js'
import type { PrefilterType } from './prefilter-type.js'
import { trie } from './trie.js'

/**
 * Every kind of prefilter. To add one: write its file, name its kind in `PrefilterKind`, list it here, and
 * run the exported `prefilterSuite` on it in `test/prefilter/suite.test.ts`.
 */
export const PREFILTER_TYPES: Readonly<Record<PrefilterKind, PrefilterType>> = {
  bloom,
  fuse,
  trie,
  exact,
  'bloom-filters': bloomFilters,
  none,
}

/** The default of {@link PrefilterOptions.falsePositiveRate}. */
export const DEFAULT_RATE = 1e-4

/** Kind and size of a prefilter. */
export interface PrefilterOptions {
  /**
   * - `bloom` (default of the engine): 22 bits an entry at a rate of 1e-4, and room for as many again
   * - `fuse`: 18.1 bits an entry at a rate of 1.5e-5 (8-bit: 9.1 at 4e-3), for a base that is made anew now
   *   and then, and a small `bloom` for what came since
   * - `trie`: prefixes of digests, about 19 bits an entry at a rate of N / 2^32
   * - `exact`: whole digests, about 200 bits an entry, no false positives
   * - `bloom-filters`: the npm library of that name, for comparison; install it yourself
   * - `none`: nothing in memory, every check asks the store
   */
  readonly kind: PrefilterKind
  /**
   * For `bloom` and `bloom-filters`: the share of unrevoked tokens that may answer "maybe" at the expected
   * size. 1e-9 to 0.5. For `fuse` it must be 3e-5 at least, and chooses the fingerprint: 8 bits from 5e-3 up,
   * else 16.
   *
   * @default 1e-4
   */
  readonly falsePositiveRate?: number | undefined
  /**
   * Live revocations to make room for. Beyond that, a filter grows at some cost of speed and rate. `fuse`
   * needs none: its base is as large as it has to be.
   * Whole, 1 to 1e9.
   *
   * @default 100_000
   */
  readonly expectedRevocations?: number | undefined
  /**
   * For `trie`: leading digest bits that tell two entries apart. Whole, 8 to 40.
   *
   * @default 32
   */
  readonly prefixBits?: number | undefined
}

/**
 * Creates an empty prefilter. It is asynchronous because one kind loads a library.
 *
 * @throws {RevocadeError} ERR_CONFIG when the kind is unknown, when an option is misspelt, out of range or
 *   not one of the kind's, or when the kind's library is not installed
 * @example
 * const prefilter = await createPrefilter({ kind: 'bloom', expectedRevocations: 1_000_000 })
 */
export async function createPrefilter(options: PrefilterOptions): Promise<Prefilter> {
  const { kind, ...sizing } = options
  const type = PREFILTER_TYPES[prefilterKind(kind)]
  const given = Object.entries(sizing).filter(([, value]) => value !== undefined)
  rejectUnknownKeys(Object.fromEntries(given), type.options, `${kind} prefilter option`)
  const { expectedRevocations, falsePositiveRate, prefixBits } = sizing
  return type.create({
    expectedRevocations: integerOption(
      expectedRevocations,
      'prefilter.expectedRevocations',
      [1, 1e9],
      100_000,
    ),
    falsePositiveRate: numberOption(
      falsePositiveRate,
      'prefilter.falsePositiveRate',
      [1e-9, 0.5],
      DEFAULT_RATE,
    ),
    prefixBits: integerOption(prefixBits, 'prefilter.prefixBits', [8, 40], 32),
  })
}

/**
 * @returns the kind that a value names
 * @throws {RevocadeError} ERR_CONFIG when there is no such kind
 */
export function prefilterKind(value: unknown): PrefilterKind {
  if (isPrefilterKind(value)) return value
  const kinds = Object.keys(PREFILTER_TYPES).map((kind) => `'${kind}'`)
  throw optionError('prefilter.kind', `must be one of ${kinds.join(', ')}`)
}

const isPrefilterKind = (value: unknown): value is PrefilterKind =>
  typeof value === 'string' && Object.hasOwn(PREFILTER_TYPES, value)
