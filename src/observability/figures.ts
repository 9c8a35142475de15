import type { Stats } from '../api.js'

/** A value, and what the figure's label says of it. */
export type Value = readonly [value: number, label?: string]

/** A figure of `stats()` as a metric. */
export interface Figure {
  /** Without `revocade`; words with dots between them, as OpenTelemetry has them. */
  readonly name: string
  readonly kind: 'counter' | 'gauge'
  /** Seconds or bytes; undefined for a number of something. */
  readonly unit?: 's' | 'By'
  readonly help: string
  /** The name of the label that tells its values apart; undefined where there is one value. */
  readonly label?: string
  readonly read: (stats: Stats) => readonly Value[]
}

const entries = (counts: Readonly<Record<string, number>>): Value[] =>
  Object.entries(counts).map(([label, value]) => [value, label])

/** Milliseconds as seconds; nothing where there are none. */
const seconds = (ms: number | null): Value[] => (ms === null ? [] : [[ms / 1000]])

const ENGINE: readonly Figure[] = [
  {
    name: 'checks',
    kind: 'counter',
    help: 'Checks, by the layer that decided them; policy: nothing could',
    label: 'decided_by',
    read: ({ decided }) => entries(decided),
  },
  {
    name: 'lease.live',
    kind: 'gauge',
    help: '1 while this engine has seen all changes up to the greatest staleness ago, else 0',
    read: ({ lease }) => [[lease.live ? 1 : 0]],
  },
  {
    name: 'lease.age',
    kind: 'gauge',
    unit: 's',
    help: 'Time since the last poll that renewed the lease was sent',
    read: ({ lease }) => seconds(lease.ageMs),
  },
  {
    name: 'lease.max_staleness',
    kind: 'gauge',
    unit: 's',
    help: 'The option maxStalenessMs',
    read: ({ lease }) => seconds(lease.maxStalenessMs),
  },
  {
    name: 'history.divergences',
    kind: 'counter',
    help: "How often the store's history was another one, after a failover or a restore",
    read: ({ history }) => [[history.divergences]],
  },
  {
    name: 'history.rewritten',
    kind: 'counter',
    help: 'Own revocations that another history lacked and that were written again',
    read: ({ history }) => [[history.rewritten]],
  },
  {
    name: 'history.lost',
    kind: 'counter',
    help: 'Own changes that another history lacked and that are not written again',
    read: ({ history }) => [[history.lost]],
  },
  {
    name: 'history.pending',
    kind: 'gauge',
    help: 'Own revocations that another history lacks and that are still to be written again',
    read: ({ history }) => [[history.pending]],
  },
]

const MEMORY: readonly Figure[] = [
  {
    name: 'prefilter.entries',
    kind: 'gauge',
    help: 'Revocations that the prefilter holds; the same set in each process',
    read: ({ prefilter }) => [[prefilter.entries]],
  },
  {
    name: 'prefilter.capacity',
    kind: 'gauge',
    help: 'Revocations that the prefilter is made for',
    read: ({ prefilter }) => [[prefilter.capacity]],
  },
  {
    name: 'prefilter.memory',
    kind: 'gauge',
    unit: 'By',
    help: 'Memory of the prefilter',
    read: ({ prefilter }) => [[prefilter.bytes]],
  },
  {
    name: 'prefilter.rebuilds',
    kind: 'counter',
    help: 'How often the prefilter was rebuilt',
    read: ({ prefilter }) => [[prefilter.rebuilds]],
  },
  {
    name: 'prefilter.false_positive_rate',
    kind: 'gauge',
    help: 'The share of unrevoked digests that the prefilter can not rule out',
    label: 'kind',
    read: ({ prefilter: { expectedFalsePositiveRate: expected, measuredFalsePositiveRate: measured } }) => [
      [expected, 'expected'],
      ...(measured === null ? [] : [[measured, 'measured'] as const]),
    ],
  },
  {
    name: 'cache.entries',
    kind: 'gauge',
    help: 'Answers of the store in the verdict cache',
    read: ({ cache }) => [[cache.entries]],
  },
  {
    name: 'selectors.live',
    kind: 'gauge',
    help: 'Selectors with live revocations: each costs a check one more lookup',
    read: ({ selectors }) => [[selectors.live.length]],
  },
  {
    name: 'selectors.not_honoured',
    kind: 'gauge',
    help: 'Selectors with revocations in the store that this engine does not look for',
    read: ({ selectors }) => [[selectors.notHonoured.length]],
  },
]

const BELOW: readonly Figure[] = [
  {
    name: 'store.seq',
    kind: 'gauge',
    help: 'Sequence number of the newest change that this engine has seen',
    read: ({ store }) => [[store.seq]],
  },
  {
    name: 'redis.ready',
    kind: 'gauge',
    help: '1 while the prefix cache in Redis is asked, else 0; no number without Redis',
    read: ({ redis }) => (redis === null ? [] : [[redis.state === 'ready' ? 1 : 0]]),
  },
  {
    name: 'redis.queued',
    kind: 'gauge',
    help: 'Buckets that wait to be written to Redis',
    read: ({ redis }) => (redis === null ? [] : [[redis.queued]]),
  },
  {
    name: 'redis.lookups',
    kind: 'counter',
    help: 'Lookups in Redis, by their result',
    label: 'result',
    read: ({ redis }) => {
      if (redis === null) return []
      const { hits, proven, unproven, timeouts, failures } = redis
      return entries({ hit: hits, proven, unproven, timeout: timeouts, failure: failures })
    },
  },
  {
    name: 'redis.round_trip',
    kind: 'gauge',
    unit: 's',
    help: 'Round trip of the last reply of Redis',
    read: ({ redis }) => seconds(redis?.roundTripMs ?? null),
  },
]

/** What `stats()` says, as metrics. */
export const FIGURES: readonly Figure[] = [...ENGINE, ...MEMORY, ...BELOW]

/** Metrics that no figure of `stats()` is: what the channels say, and whether `stats()` says anything. */
export const EVENTS = {
  up: { name: 'up', help: '1 if the figures of the engine could be read, else 0 and they are old' },
  writes: { name: 'writes', help: 'Calls that write, by operation and outcome or error code' },
  writeDuration: { name: 'write.duration', help: 'Time until a call that writes has resolved' },
  lookups: { name: 'lookups', help: 'Checks that the prefilter could not decide, by their answer' },
  lookupDuration: { name: 'lookup.duration', help: 'Time of a check that the prefilter could not decide' },
} as const

/** Bounds of the buckets of durations, in seconds: from a lookup in memory to a lock that is held. */
export const DURATION_BUCKETS: readonly number[] = [
  0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5,
]

/** Outcomes that an alert counts. They begin at 0, so that the first one is an increase. */
export const ALARMING: readonly string[] = ['ERR_NOT_DURABLE', 'ERR_UNAVAILABLE', 'ERR_STORE_UNAVAILABLE']
