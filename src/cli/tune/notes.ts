import type { Recommendation } from '../../tuning/recommend.js'
import { bytes, chance, percent, whole } from '../output/format-numbers.js'
import { few, time } from './format.js'

/** The options of the chosen candidate, as one writes them in a program. */
export function optionsText({ choice }: Recommendation): string {
  const { prefilter, redis } = choice.chosen.candidate
  const options = Object.entries(prefilter).map(([name, value]: [string, string | number]) => {
    return `${name}: ${typeof value === 'string' ? `'${value}'` : numberText(value)}`
  })
  const redisLine = redis ? '  redis: process.env.REVOCADE_REDIS_URL,\n' : ''
  return `createRevocade({\n  prefilter: { ${options.join(', ')} },\n${redisLine}})`
}

/** `1e-4`, `2_600_000`. */
function numberText(value: number): string {
  return value < 1 ? value.toExponential().replace('+', '') : String(value).replace(/\B(?=(\d{3})+$)/g, '_')
}

/** The traffic, and how many entries it means for the layers: a name and a text each. */
export function trafficRows({ traffic, population }: Recommendation): [string, string][] {
  const { redisRttUs, memoryBytes, storeReadsPerDay } = traffic
  return [
    ['revocations alive', `${whole(traffic.revocations)}, ${few(population.perSecond)} new ones a second`],
    [
      'kept by the layers',
      `${whole(population.kept)} with those that expired within the last hour; ` +
        `a filter holds up to ${whole(population.fullest)}`,
    ],
    [
      'checks a second',
      `${few(traffic.checksPerSecond)}, ${percent(traffic.revokedShare)} of revoked tokens`,
    ],
    ['token life', durationText(traffic.tokenLifeSeconds)],
    ['Redis', redisRttUs === undefined ? 'none' : `${few(redisRttUs)} µs there and back`],
    ['memory for a filter', memoryBytes === undefined ? 'no limit' : `${bytes(memoryBytes)} in each process`],
    [
      'false reads of the store',
      storeReadsPerDay === undefined ? 'any number' : `${few(storeReadsPerDay)} a day`,
    ],
  ]
}

function durationText(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ] as const
  const [size, unit] = units.find(([size]) => seconds >= size) ?? [1, 's']
  return `${Number((seconds / size).toPrecision(3))} ${unit}`
}

/** In the order of print. A remark is undefined where it does not apply. */
const REMARKS: readonly ((recommendation: Recommendation) => string | undefined)[] = [
  bestRateRemark,
  sizedForTwiceRemark,
  mostlyExpiredRemark,
  prefixCacheRemark,
  prefixBitsRemark,
  timesRemark,
]

/** What to know besides the choice, a sentence or two each. */
export function remarks(recommendation: Recommendation): string[] {
  return REMARKS.map((say) => say(recommendation)).filter((text) => text !== undefined)
}

function bestRateRemark({ bestRate: { store, redis } }: Recommendation): string {
  const withRedis = redis === undefined ? '' : `, or ${chance(redis)} if each exact lookup waits for Redis`
  return (
    'The formula ε0* = N·c·1.44 / (λ·t1·ln 2) gives the rate of a Bloom filter at which memory and exact ' +
    `lookups together cost least: ${chance(store)}${withRedis}. It knows no budget.`
  )
}

function sizedForTwiceRemark({ choice }: Recommendation): string | undefined {
  const { falsePositiveRate, prefilter } = choice.chosen.candidate
  if (falsePositiveRate >= (prefilter.falsePositiveRate ?? 0)) return undefined
  return (
    'A filter is sized for twice the live revocations, so its rate at its fullest is lower than the option ' +
    'falsePositiveRate says.'
  )
}

function mostlyExpiredRemark({ population, traffic }: Recommendation): string | undefined {
  if (population.kept <= 2 * traffic.revocations) return undefined
  return (
    'Most entries of the layers have expired, because tokens live so short a time: ' +
    'entries are kept for an hour after their expiry, in case a clock steps back.'
  )
}

function prefixCacheRemark({ layer }: Recommendation): string | undefined {
  if (layer === undefined) return undefined
  const buckets = `${whole(2 ** layer.bucketBits)} of ${whole(layer.rowsPerBucket)} revocations`
  return (
    `The prefix cache has no options to choose: its field has ${layer.fieldBits} bits, and the store ` +
    `splits its buckets by itself, here into about ${buckets}, ${bytes(layer.bytes)} in Redis. ` +
    `Of lookups of tokens that nobody revoked, ${chance(layer.falsePositiveRate)} find an entry, and ` +
    `${chance(layer.unprovenShare)} meet a bucket that changed a moment ago: these go on to the store.`
  )
}

function prefixBitsRemark({ prefixBits }: Recommendation): string | undefined {
  if (prefixBits === undefined) return undefined
  return (
    `The budget needs ${prefixBits.needed.toFixed(0)} prefix bits in the prefix cache behind this ` +
    `prefilter, by b1 ≥ log2(λ·ε0·N / B2); there are ${prefixBits.present}.`
  )
}

function timesRemark({ costs, traffic }: Recommendation): string {
  const check = `a check ${time(costs.active[0]?.[1] ?? 0)} with a small filter`
  const store = `${time(costs.storePath)} if the store is asked`
  if (costs.source === 'default') {
    return (
      `Times are those of a benchmark (bench/records/2026-11-22.json), not of this machine: ${check}, ` +
      `${store}; a read of the store ${time(costs.storeRead)}.`
    )
  }
  const redis =
    traffic.redisRttUs === undefined
      ? ''
      : `, ${time(costs.redisPath)} besides the round trip if Redis is asked`
  return (
    `Times are from a calibration on this machine just now: ${check}, ${store}${redis}; ` +
    `a read of the store is taken as ${time(costs.storeRead)}.`
  )
}
