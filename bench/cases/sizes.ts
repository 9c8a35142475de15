import type { Scale } from '../harness/types.js'

/**
 * How much each case measures. Each quantity has three values: of a full run, of a quick one (rough figures
 * within a minute), and of a test (answers only).
 */
const SIZES = {
  limit: { entries: [1_000_000, 30_000, 2000], rounds: [300, 40, 2] },
  check: {
    entries: [1_000_000, 30_000, 2000],
    // Redis holds fewer, to be filled sooner: a lookup among a million takes as long.
    revoked: [100_000, 1600, 300],
    active: [200_000, 4000, 300],
    rounds: [60, 4, 1],
    batch: [512, 128, 64],
    /** Tokens of each kind that each peer is asked about before anything is timed. */
    known: [200, 50, 20],
    /** Revoked tokens that are respelt, or checked while Redis fails. */
    tricky: [24, 4, 2],
    setRounds: [100, 20, 1],
  },
  // Few, since waiting is most of it: a batch of one call at a time takes as many round trips.
  network: {
    roundTripsMs: [[0.3, 1, 5], [0.3, 1, 5], [1]],
    entries: [20_000, 2000, 2000],
    revoked: [10_000, 400, 100],
    active: [20_000, 600, 200],
    rounds: [20, 2, 1],
    batch: [40, 8, 4],
    /** How many times 64 calls are together in a batch. */
    groups: [4, 1, 1],
    known: [10, 3, 3],
    /** Checks whose Redis commands are counted. */
    counted: [10_000, 500, 200],
  },
  // Filling SQLite with more would take longer than all measurements. Each size, and its starts.
  scale: {
    memory: [
      { 1e3: 10, 1e4: 10, 1e5: 5, 1e6: 3, 1e7: 3 },
      { 1e3: 2, 3e4: 1, 2e5: 1 },
      { 1e3: 1, 2e3: 1 },
    ],
    sqlite: [
      { 1e3: 5, 1e4: 5, 1e5: 5, 1e6: 3 },
      { 1e3: 1, 1e4: 1, 5e4: 1 },
      { 1e3: 1, 2e3: 1 },
    ],
    rounds: [300, 40, 2],
    writes: [40, 8, 1],
    writeBatch: [16, 4, 4],
  },
  fuse: {
    entries: [
      [1e3, 1e5, 1e6, 1e7],
      [1e3, 3e4],
      [1e3, 2e3],
    ],
    rounds: [400, 60, 2],
    /** Tokens that nobody revoked, asked for to count false positives. */
    asked: [2_000_000, 100_000, 1000],
    /** In SQLite, to be scanned; and how often each is rebuilt. */
    stored: [
      [
        { stored: 1e6, rebuilds: 5 },
        { stored: 1e7, rebuilds: 2 },
      ],
      [{ stored: 3e4, rebuilds: 2 }],
      [{ stored: 2000, rebuilds: 1 }],
    ],
    idleSeconds: [4, 0.5, 0.05],
  },
  selectors: { entries: [1_000_000, 50_000, 2000], rounds: [300, 60, 2] },
  allocation: { entries: [1_000_000, 20_000, 2000], runs: [20, 4, 2] },
  // Each filter is asked for `times` 100 ÷ rate keys: a full run expects at least a hundred false positives.
  'false-positives': {
    entries: [1_000_000, 50_000, 2000],
    /** Of bloom-filters, which takes 10 µs a key. */
    slow: [100_000, 1000, 500],
    times: [20, 2, 0.02],
    peerTimes: [2, 0.2, 0.02],
    /** Of the trie. Its rate is n ÷ 2^bits: fewer entries need fewer bits to give false positives at all. */
    bits: [32, 28, 22],
  },
  revoke: {
    rounds: [60, 10, 1],
    bursts: [5, 2, 1],
    burst: [20_000, 4000, 600],
    pauseMs: [700, 700, 20],
    /** Revocations in the large store; more that make its log long; bursts into it and into empty ones. */
    held: [1_000_000, 20_000, 600],
    logged: [100_000, 2000, 100],
    turns: [8, 3, 1],
  },
  import: { entries: [1_000_000, 20_000, 2000] },
  boot: { entries: [1_000_000, 30_000, 2000], rounds: [5, 3, 1] },
  redis: { entries: [1_000_000, 10_000, 2000], checkRounds: [400, 60, 1], writeRounds: [60, 10, 1] },
  'redis-memory': { entries: [1_000_000, 10_000, 3000] },
  sessions: {
    users: [10_000, 500, 20],
    rounds: [60, 10, 1],
    batch: [50, 20, 5],
    bursts: [5, 2, 1],
    burst: [20_000, 1500, 60],
    listRounds: [100, 20, 1],
  },
  verified: {
    entries: [100_000, 2000, 500],
    tokens: [1000, 100, 20],
    rounds: [60, 8, 1],
    batch: [64, 32, 8],
  },
  permissions: {
    entries: [100_000, 2000, 500],
    users: [5000, 500, 20],
    rounds: [200, 30, 1],
    batch: [512, 128, 16],
  },
  propagation: { tokens: [1000, 25, 10] },
  'latency-under-churn': {
    entries: [1_000_000, 10_000, 2000],
    /** Of a phase that ends by the clock. */
    seconds: [8, 0.25, 0.05],
    maxStalenessMs: [300, 200, 60],
  },
  adversary: {
    entries: [100_000, 3000, 1024],
    cacheEntries: [10_000, 400, 100],
    floodSeconds: [8, 0.25, 0.08],
    /** Of each replayed token, counted; and rounds that are timed. */
    replays: [1_000_000, 10_000, 1000],
    replayRounds: [100, 20, 1],
  },
  crafted: {
    entries: [50_000, 2000, 500],
    rate: [1e-4, 1e-3, 1e-2],
    /** Ids looked for against each library; the slow one takes some 10 µs a try. */
    fast: [1000, 200, 20],
    slow: [50, 8, 5],
  },
  overflow: { expected: [250_000, 3000, 1024], asked: [1_000_000, 30_000, 1000], rounds: [100, 20, 2] },
  // All sizes get UUIDv4, asked for hits and misses; one size, `matrix`, gets all keys and all mixes.
  prefilter: {
    /** How often a set of each size is built. */
    builds: [
      { 1e3: 20, 1e4: 10, 1e5: 4, 1e6: 3, 1e7: 1 },
      { 1e3: 3, 1e4: 1, 3e4: 1 },
      { 200: 1, 500: 1 },
    ],
    matrix: [1_000_000, 10_000, 500],
    /** Entries of bloom-filters at most. */
    slow: [100_000, 1000, 200],
    rounds: [40, 8, 1],
    batch: [512, 128, 32],
    /** Keys that were never added, asked for before anything is timed. */
    others: [1_000_000, 10_000, 1000],
  },
  // Samples are means of a batch: revocations one after another, and so many that 256 are in flight.
  'postgres-write': {
    rounds: [40, 6, 1],
    alone: [50, 10, 4],
    together: [2048, 512, 64],
    slices: [5, 2, 1],
    sliceMs: [2000, 300, 50],
  },
  'postgres-read': {
    rounds: [60, 10, 1],
    batch: [200, 50, 4],
    commits: [60_000, 1000, 20],
    polls: [400, 60, 4],
  },
  'postgres-boot': { entries: [1_000_000, 30_000, 2000], rounds: [5, 2, 1] },
  'postgres-large': { entries: [10_000_000, 100_000, 3000], rounds: [3, 2, 1], writeRounds: [20, 5, 1] },
  'postgres-propagation': { tokens: [1000, 25, 10] },
  'store-check': { entries: [100_000, 5000, 1000], rounds: [300, 40, 2] },
  'redis-store': {
    rounds: [40, 6, 1],
    alone: [200, 40, 4],
    together: [4096, 1024, 64],
    entries: [100_000, 10_000, 1000],
  },
  'sessions-race': { logins: [100, 20, 2] },
  'sessions-theft': { logins: [40, 10, 1] },
} satisfies Readonly<
  Record<string, Readonly<Record<string, readonly [full: unknown, quick: unknown, test: unknown]>>>
>

type Sized = typeof SIZES
/** The quantities of a case at one scale. */
type SizesOf<Name extends keyof Sized> = {
  readonly [Quantity in keyof Sized[Name]]: Sized[Name][Quantity] extends readonly (infer Value)[]
    ? Value
    : never
}

const COLUMNS: Readonly<Record<Scale, number>> = { full: 0, quick: 1, test: 2 }

/** How much a case measures at a scale. */
export function sizesOf<Name extends keyof Sized>(name: Name, scale: Scale): SizesOf<Name> {
  const column = COLUMNS[scale]
  const values = Object.entries(SIZES[name]).map(([quantity, of]: [string, unknown[]]) => [
    quantity,
    of[column],
  ])
  return Object.fromEntries(values) as SizesOf<Name>
}

/** Sizes and a count for each, as `scale` and `prefilter` have them, in ascending order. */
export function counts(
  of: Readonly<Partial<Record<number, number>>>,
): (readonly [size: number, count: number])[] {
  return Object.entries(of).map(([size, count = 0]) => [Number(size), count])
}
