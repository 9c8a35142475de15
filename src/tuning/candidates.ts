import { BLOCK_BITS, bloomRate, bloomShape, MAX_BLOCKS } from '../prefilter/sizing.js'
import type { Population } from './traffic.js'

export type CandidateKind = 'bloom' | 'trie' | 'exact'

/** The options that make it, as `createRevocade({ prefilter })` takes them. */
export interface CandidateOptions {
  readonly kind: CandidateKind
  readonly expectedRevocations: number
  readonly falsePositiveRate?: number
  readonly prefixBits?: number
}

/** A prefilter to choose from, with or without a Redis behind it. */
export interface Candidate {
  /** `bloom 1e-4`, `trie 32`. */
  readonly filter: string
  /** The same, with `, Redis` where there is one. */
  readonly name: string
  readonly prefilter: CandidateOptions
  readonly redis: boolean
  /** Entries in it at its fullest. */
  readonly entries: number
  /** Memory of its tables then. */
  readonly bytes: number
  /** The same by revocation that has to be kept, in bits. */
  readonly bitsPerRevocation: number
  /** Of digests that were never added, the share that it can't rule out then. */
  readonly falsePositiveRate: number
}

/** The options `falsePositiveRate` and `prefixBits` that are looked at. */
export const BLOOM_RATES = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8] as const
/** Leaves are whole bytes: 20, 28 and 36 bits take as much memory as the next of these and rule out less. */
export const TRIE_BITS = [16, 24, 32, 40] as const

/** Everything that can be chosen, first without Redis, then, where there is one, with it. */
export function candidates(population: Population, withRedis: boolean): Candidate[] {
  const alone: Candidate[] = [
    ...BLOOM_RATES.map((rate) => bloom(population, rate)).filter((one) => one !== undefined),
    ...TRIE_BITS.map((bits) => trie(population, bits)),
    exact(population),
  ]
  return withRedis
    ? [...alone, ...alone.map((one) => ({ ...one, name: `${one.filter}, Redis`, redis: true }))]
    : alone
}

/** The same with another number of entries in it: what a measurement was made with. */
export function withEntries({ prefilter, redis, name }: Candidate, entries: number, kept: number): Candidate {
  const population: Population = {
    perSecond: 0,
    kept,
    capacity: prefilter.expectedRevocations,
    fullest: entries,
  }
  const { kind, falsePositiveRate = 1e-4, prefixBits = 32 } = prefilter
  const made =
    kind === 'bloom'
      ? bloom(population, falsePositiveRate)
      : kind === 'trie'
        ? trie(population, prefixBits)
        : exact(population)
  if (made === undefined) throw new RangeError(`no table of 2 GiB holds ${name}`)
  return { ...made, redis, name }
}

/** Sized for the capacity, so at its fullest it gives less than it was asked for. Undefined: it would pass 2 GiB. */
function bloom({ capacity, fullest, kept }: Population, rate: number): Candidate | undefined {
  const shape = bloomShape(Math.max(1024, capacity), rate)
  if (shape.blocks > MAX_BLOCKS) return undefined
  return candidate(
    `bloom ${power(rate)}`,
    { kind: 'bloom', falsePositiveRate: rate, expectedRevocations: capacity },
    {
      entries: fullest,
      kept,
      bytes: (shape.blocks * BLOCK_BITS) / 8,
      falsePositiveRate: bloomRate(fullest, shape),
    },
  )
}

/**
 * Memory: a root of up to 16 bits at four bytes a bucket, and the rest of each distinct prefix in whole bytes. They
 * are in 512 pages (fewer under a shorter root), whose slack of an eighth is half used on average.
 * Rate: a digest that was never added meets one of n prefixes with 1 − (1 − 2^−b)^n.
 */
function trie({ capacity, fullest, kept }: Population, prefixBits: number): Candidate {
  const rootBits = Math.min(16, prefixBits - 8)
  const width = Math.ceil((prefixBits - rootBits) / 8)
  const pages = Math.max(1, 2 ** rootBits / 128)
  const distinct = -(2 ** prefixBits) * Math.expm1(fullest * Math.log1p(-(2 ** -prefixBits)))
  const bytes = 4 * 2 ** rootBits + width * (distinct * (1 + 1 / 16) + 4 * pages)
  return candidate(
    `trie ${prefixBits}`,
    { kind: 'trie', prefixBits, expectedRevocations: capacity },
    {
      entries: fullest,
      kept,
      bytes,
      falsePositiveRate: -Math.expm1(fullest * Math.log1p(-(2 ** -prefixBits))),
    },
  )
}

const SHARDS = 1024
const SLOT_BYTES = 16

/** 1024 shards with as many entries as chance gives them, each grown by half when it is three quarters full. */
function exact({ capacity, fullest, kept }: Population): Candidate {
  const load = fullest / SHARDS
  const deviation = Math.sqrt(load * (1 - 1 / SHARDS))
  let slots = 0
  // The mean over the shards: 33 equally likely loads of the normal distribution near it.
  const steps = 33
  for (let i = 0; i < steps; i++)
    slots += slotsFor(load + deviation * normalQuantile((i + 0.5) / steps)) / steps
  return candidate(
    'exact',
    { kind: 'exact', expectedRevocations: capacity },
    {
      entries: fullest,
      kept,
      bytes: SHARDS * (slots * SLOT_BYTES + 4),
      falsePositiveRate: 0,
    },
  )
}

function slotsFor(entries: number): number {
  if (entries < 0.5) return 0
  let slots = 8
  while (Math.round(entries) > slots * 0.75) slots = Math.ceil(slots * 1.5)
  return slots
}

/** To two digits (Tukey's lambda): enough for the spread of shards. */
function normalQuantile(p: number): number {
  return (p ** 0.135 - (1 - p) ** 0.135) / 0.1975
}

function candidate(
  filter: string,
  prefilter: CandidateOptions,
  {
    entries,
    kept,
    bytes,
    falsePositiveRate,
  }: Pick<Candidate, 'entries' | 'bytes' | 'falsePositiveRate'> & { readonly kept: number },
): Candidate {
  return {
    filter,
    name: filter,
    prefilter,
    redis: false,
    entries,
    bytes: Math.round(bytes),
    bitsPerRevocation: (bytes * 8) / kept,
    falsePositiveRate,
  }
}

/** `1e-4`. */
export function power(rate: number): string {
  return rate.toExponential().replace('e+0', '')
}
