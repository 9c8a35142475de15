import { BLOCK_BITS, bloomRate, bloomShape, MAX_BLOCKS } from '../prefilter/sizing.js'
import type { Population } from './traffic.js'

/** The options of a candidate, as `createRevocade({ prefilter })` takes them. */
export interface CandidateOptions {
  readonly kind: 'bloom' | 'trie' | 'exact'
  readonly falsePositiveRate?: number
  readonly prefixBits?: number
  readonly expectedRevocations: number
}

/** A prefilter at its fullest, with or without a prefix cache behind it. */
export interface Candidate {
  /** `bloom 1e-4`, `trie 32`. */
  readonly filter: string
  /** The same, with `, Redis` if the prefix cache is behind it. */
  readonly name: string
  readonly prefilter: CandidateOptions
  readonly redis: boolean
  readonly entries: number
  /** Bytes of its tables. */
  readonly bytes: number
  /** Bits of its tables for each revocation that has to be kept. */
  readonly bitsPerRevocation: number
  /** Share of digests never added that it can't rule out. */
  readonly falsePositiveRate: number
}

/** The values of `falsePositiveRate` that are compared. */
const BLOOM_RATES = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8]
/**
 * The values of `prefixBits` that are compared. Leaves are whole bytes: 20, 28 and 36 bits take the memory
 * of the next of these and rule out less.
 */
const TRIE_BITS = [16, 24, 32, 40]

/** Each choice: its name and the options that tell it from the others. */
const CHOICES: readonly (readonly [string, Omit<CandidateOptions, 'expectedRevocations'>])[] = [
  ...BLOOM_RATES.map(
    (rate) => [`bloom ${rate.toExponential()}`, { kind: 'bloom', falsePositiveRate: rate }] as const,
  ),
  ...TRIE_BITS.map((bits) => [`trie ${bits}`, { kind: 'trie', prefixBits: bits }] as const),
  ['exact', { kind: 'exact' }],
]
const MAX_BLOOM_BYTES = MAX_BLOCKS * (BLOCK_BITS / 8)

/**
 * All candidates: first without the prefix cache, then with it if there is a Redis. Bloom filters whose
 * table would pass 2 GiB are left out.
 */
export function candidates({ capacity, fullest, kept }: Population, withRedis: boolean): Candidate[] {
  const alone = CHOICES.map(([filter, options]): Candidate => {
    const prefilter = { ...options, expectedRevocations: capacity }
    return { filter, name: filter, prefilter, redis: false, ...filled(prefilter, fullest, kept) }
  }).filter(({ prefilter, bytes }) => prefilter.kind !== 'bloom' || bytes <= MAX_BLOOM_BYTES)
  if (!withRedis) return alone
  return [...alone, ...alone.map((one) => ({ ...one, name: `${one.filter}, Redis`, redis: true }))]
}

/** The candidate with the number of entries that a measurement was made with. */
export function withEntries(candidate: Candidate, entries: number, kept: number): Candidate {
  return { ...candidate, ...filled(candidate.prefilter, entries, kept) }
}

/** `kept`: revocations that have to be kept. */
function filled(prefilter: CandidateOptions, entries: number, kept: number) {
  const { bytes, rate } = MODELS[prefilter.kind](entries, prefilter)
  const bitsPerRevocation = (bytes * 8) / kept
  return { entries, bytes: Math.round(bytes), bitsPerRevocation, falsePositiveRate: rate }
}

/** Bytes and false-positive rate of each kind with some number of entries. */
const MODELS = { bloom, trie, exact }

/** Sized for the expected revocations, so the rate of fewer entries is below `falsePositiveRate`. */
function bloom(entries: number, { expectedRevocations, falsePositiveRate = 1e-4 }: CandidateOptions) {
  const shape = bloomShape(Math.max(1024, expectedRevocations), falsePositiveRate)
  return { bytes: (shape.blocks * BLOCK_BITS) / 8, rate: bloomRate(entries, shape) }
}

/**
 * Memory: a root of up to 16 bits at four bytes a bucket, and the rest of each distinct prefix in whole
 * bytes. They are in 512 pages (fewer under a shorter root), whose slack of an eighth is half used on
 * average. Rate: a digest that was never added meets one of n prefixes with 1 − (1 − 2^−b)^n.
 */
function trie(entries: number, { prefixBits = 32 }: CandidateOptions) {
  const rootBits = Math.min(16, prefixBits - 8)
  const width = Math.ceil((prefixBits - rootBits) / 8)
  const pages = Math.max(1, 2 ** rootBits / 128)
  const rate = -Math.expm1(entries * Math.log1p(-(2 ** -prefixBits)))
  const distinct = 2 ** prefixBits * rate
  return { bytes: 4 * 2 ** rootBits + width * (distinct * (1 + 1 / 16) + 4 * pages), rate }
}

const SHARDS = 1024
const SLOT_BYTES = 16
/** The mean over the shards is taken by so many equally likely loads of the normal approximation. */
const LOADS = 33

/** 1024 shards with random loads, each grown by half when it is three quarters full. */
function exact(entries: number) {
  const load = entries / SHARDS
  const deviation = Math.sqrt(load * (1 - 1 / SHARDS))
  let slots = 0
  for (let i = 0; i < LOADS; i++)
    slots += slotsFor(load + deviation * normalQuantile((i + 0.5) / LOADS)) / LOADS
  return { bytes: SHARDS * (slots * SLOT_BYTES + 4), rate: 0 }
}

function slotsFor(entries: number): number {
  if (entries < 0.5) return 0
  let slots = 8
  while (Math.round(entries) > slots * 0.75) slots = Math.ceil(slots * 1.5)
  return slots
}

/** Quantiles of the normal distribution to two digits (Tukey's lambda): enough for the loads of shards. */
function normalQuantile(p: number): number {
  return (p ** 0.135 - (1 - p) ** 0.135) / 0.1975
}
