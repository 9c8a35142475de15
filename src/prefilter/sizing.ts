/**
 * How large a blocked Bloom filter must be. Pure arithmetic, no tables.
 *
 * The textbook formula (1 − e^(−kn/m))^k holds for one unblocked table. In a blocked filter (Putze, Sanders,
 * Singler: "Cache-, hash- and space-efficient Bloom filters", 2007) the number of entries in a block
 * varies, and the crowded blocks cause most of the false positives. Sizing without that variance gives
 * 1.5 to 3 times the promised rate, so the rate is summed over the loads that a block can have.
 */

/** Bits of a block: one cache line. */
export const BLOCK_BITS = 512

/** Words of 32 bits in a block: the table of a filter is an `Int32Array`. */
export const WORDS_PER_BLOCK = BLOCK_BITS / 32

/** The number of probes is a multiple of this, because `BloomTable.has` tests four at a time. */
export const PROBE_STEP = 4

/** Blocks of the largest table, 2 GiB. Every word index then fits a signed 32-bit integer. */
export const MAX_BLOCKS = 2 ** 25

/** Bits set per entry that a new table may have: enough for any rate down to 1e-10. */
const MAX_PROBES = 32

/** Size and number of probes of one table. */
export interface BloomShape {
  /** Blocks of {@link BLOCK_BITS} bits. */
  readonly blocks: number
  /** Bits set per entry. */
  readonly probes: number
}

/**
 * The chance that `probes` random bits of a block are all set, when it holds `entries` entries of `probes`
 * bits each. With X bits set it is E[(X/512)^probes]. X is nearly normal, so two terms of the expansion
 * around its mean suffice. X's moments are those of the classical occupancy problem.
 */
function fullBlockRate(entries: number, probes: number): number {
  const throws = entries * probes
  const clear = ((BLOCK_BITS - 1) / BLOCK_BITS) ** throws
  const bothClear = ((BLOCK_BITS - 2) / BLOCK_BITS) ** throws
  const fill = 1 - clear
  const variance = clear / BLOCK_BITS + (1 - 1 / BLOCK_BITS) * bothClear - clear * clear
  return fill ** probes * (1 + (probes * (probes - 1) * variance) / (2 * fill * fill))
}

/**
 * {@link fullBlockRate} by probes, then by entries, filled as it is asked for. Sizing one table asks for the
 * same few hundred rates a hundred times, on the event loop.
 */
const knownRates = new Map<number, number[]>()

/**
 * The false-positive rate of a table that holds `entries` random entries: the rate of a block with j
 * entries, weighted with the binomial chance of j. It is 1 when there is less than a bit per entry.
 */
export function bloomRate(entries: number, { blocks, probes }: BloomShape): number {
  if (entries === 0) return 0
  if (blocks === 1) return Math.min(1, fullBlockRate(entries, probes))
  const load = entries / blocks
  if (load > BLOCK_BITS) return 1
  let chance = Math.exp(entries * Math.log1p(-1 / blocks))
  let covered = chance
  let rate = 0
  const rates = knownRates.get(probes) ?? [0]
  knownRates.set(probes, rates)
  // Stop at the last 1e-16 of the tail: a load adds at most its chance to the rate.
  for (let j = 1; j <= entries && (j <= load || covered < 1 - 1e-16); j++) {
    chance *= (entries - j + 1) / (j * (blocks - 1))
    if (chance === 0 && j > load) break
    covered += chance
    rate += chance * (rates[j] ??= fullBlockRate(j, probes))
  }
  return Math.min(1, rate)
}

function fewestBlocks(entries: number, rate: number, probes: number): number {
  let low = 0
  let high = 1
  while (bloomRate(entries, { blocks: high, probes }) > rate) {
    low = high
    high *= 2
  }
  // Stop at a tenth of a percent: the model itself is less precise.
  while (high - low > Math.max(1, high / 1000)) {
    const middle = Math.floor((low + high) / 2)
    if (bloomRate(entries, { blocks: middle, probes }) > rate) low = middle
    else high = middle
  }
  return high
}

/**
 * The smallest table for `entries` at a false-positive rate of at most `rate`; both above 0. Takes a
 * millisecond at most. The result may exceed {@link MAX_BLOCKS}; the caller must refuse it then.
 */
export function bloomShape(entries: number, rate: number): BloomShape {
  let best: BloomShape | undefined
  for (let probes = PROBE_STEP; probes <= MAX_PROBES; probes += PROBE_STEP) {
    const blocks = fewestBlocks(entries, rate, probes)
    if (best && blocks >= best.blocks) break
    best = { blocks, probes }
  }
  return best ?? { blocks: 1, probes: PROBE_STEP }
}

/** Entries that the largest table can hold at a rate, 1 % on the safe side. */
export function maxEntries(rate: number): number {
  const sample = 2 ** 20
  return Math.floor((sample / bloomShape(sample, rate).blocks) * MAX_BLOCKS * 0.99)
}
