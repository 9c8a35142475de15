import { RevocadeError } from '../errors.js'
import type { Prefilter, PrefilterKind } from '../ports/index.js'
import { BloomPrefilter, mostBloomEntries } from './bloom.js'
import { BloomFiltersPrefilter } from './bloom-filters.js'
import { ExactPrefilter } from './exact.js'
import { NoPrefilter } from './none.js'
import { TriePrefilter } from './trie.js'

/** How L0 is made. */
export interface PrefilterOptions {
  /**
   * - `bloom` (default): 22 bits an entry at 1e-4, the fastest
   * - `trie`: prefixes of digests, about 19 bits an entry at N/2^32; can forget single entries
   * - `exact`: whole digests, about 200 bits an entry, no false positives; can forget single entries
   * - `bloom-filters`: the npm library of that name (install it), to compare with
   * - `none`: nothing in memory, every check asks the store
   */
  readonly kind: PrefilterKind
  /** `bloom` and `bloom-filters`: the share of unrevoked tokens that may ask further at the expected size. 1e-9 to 0.5, default 1e-4. */
  readonly falsePositiveRate?: number | undefined
  /** Live revocations to make room for; more only cost a little speed and rate. Whole, 1 to 1e9, default 100,000. */
  readonly expectedRevocations?: number | undefined
  /** `trie`: bits of the prefixes. Whole, 8 to 40, default 32. */
  readonly prefixBits?: number | undefined
}

const KINDS: readonly PrefilterKind[] = ['bloom', 'trie', 'exact', 'bloom-filters', 'none']

/** The options besides `kind` that each kind takes. How many to expect is known to the caller whatever the kind. */
const OPTIONS: Readonly<Record<PrefilterKind, readonly string[]>> = {
  bloom: ['falsePositiveRate', 'expectedRevocations'],
  trie: ['prefixBits', 'expectedRevocations'],
  exact: ['expectedRevocations'],
  'bloom-filters': ['falsePositiveRate', 'expectedRevocations'],
  none: ['expectedRevocations'],
}

/**
 * An empty prefilter. Asynchronous, as one kind loads a library. `ERR_CONFIG` for an unknown kind, an option
 * that is misspelt, out of range or does not fit the kind, and for a library that is not installed.
 *
 * @example
 * const prefilter = await createPrefilter({ kind: 'bloom', expectedRevocations: 1_000_000 })
 */
export async function createPrefilter(options: PrefilterOptions): Promise<Prefilter> {
  const { kind } = options
  if (!KINDS.includes(kind)) refuse(`kind must be one of ${KINDS.join(', ')}, not ${JSON.stringify(kind)}`)
  for (const [name, value] of Object.entries(options)) {
    if (name === 'kind' || value === undefined || OPTIONS[kind].includes(name)) continue
    refuse(`kind '${kind}' has no option ${name}; it takes ${OPTIONS[kind].join(', ')}`)
  }
  const expected = number(
    'expectedRevocations',
    options.expectedRevocations ?? 100_000,
    1,
    1e9,
    Number.isInteger,
  )
  const rate = number('falsePositiveRate', options.falsePositiveRate ?? 1e-4, 1e-9, 0.5, Number.isFinite)
  const prefixBits = number('prefixBits', options.prefixBits ?? 32, 8, 40, Number.isInteger)
  switch (kind) {
    case 'bloom': {
      const most = mostBloomEntries(rate)
      if (expected > most)
        refuse(`at a falsePositiveRate of ${rate}, expectedRevocations must be at most ${most} (2 GiB)`)
      return BloomPrefilter.create(expected, rate)
    }
    case 'trie':
      return new TriePrefilter(expected, prefixBits)
    case 'exact':
      return new ExactPrefilter(expected)
    case 'bloom-filters':
      return BloomFiltersPrefilter.create(expected, rate)
    case 'none':
      return new NoPrefilter()
  }
}

function number(
  name: string,
  value: number,
  least: number,
  most: number,
  fits: (value: number) => boolean,
): number {
  if (typeof value === 'number' && fits(value) && value >= least && value <= most) return value
  const whole = fits === Number.isInteger ? 'a whole number' : 'a number'
  return refuse(`${name} must be ${whole} from ${least} to ${most}, not ${String(value)}`)
}

function refuse(reason: string): never {
  throw new RevocadeError('ERR_CONFIG', `prefilter: ${reason}.`)
}
