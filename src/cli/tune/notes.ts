import type { Costs } from '../../tuning/costs.js'
import type { Recommendation } from '../../tuning/recommend.js'
import { bytes, chance, few, nanoseconds, percent, whole } from '../output/format-numbers.js'

/** The options of the chosen candidate, as one writes them in a program. */
export function optionsText({ choice }: Recommendation): string {
  const { prefilter, redis } = choice.chosen.candidate
  const options = Object.entries(prefilter).map(
    ([name, value]: [string, string | number]) => `${name}: ${literal(value)}`,
  )
  const redisLine = redis ? '  redis: process.env.REVOCADE_REDIS_URL,\n' : ''
  return `createRevocade({\n  prefilter: { ${options.join(', ')} },\n${redisLine}})`
}

/** `'bloom'`, `1e-4`, `2_600_000`. */
function literal(value: string | number): string {
  if (typeof value === 'string') return `'${value}'`
  return value < 1 ? value.toExponential().replace('+', '') : String(value).replace(/\B(?=(\d{3})+$)/g, '_')
}

/** The traffic, and how many entries it means for the layers: a name and a text each. */
export function trafficRows({ traffic, population }: Recommendation): [string, string][] {
  const { redisRttUs, memoryBytes, storeReadsPerDay } = traffic
  const [alive, kept, fullest] = [traffic.revocations, population.kept, population.fullest].map(whole)
  const expired = 'with those that expired within the last hour'
  const checks = `${few(traffic.checksPerSecond)}, ${percent(traffic.revokedShare)} of revoked tokens`
  const reads = storeReadsPerDay === undefined ? 'any number' : `${few(storeReadsPerDay)} a day`
  return [
    ['revocations alive', `${alive}, ${few(population.perSecond)} new ones a second`],
    ['kept by the layers', `${kept} ${expired}; a filter holds up to ${fullest}`],
    ['checks a second', checks],
    ['token life', durationText(traffic.tokenLifeSeconds)],
    ['Redis', redisRttUs === undefined ? 'none' : `${few(redisRttUs)} µs there and back`],
    ['memory for a filter', memoryBytes === undefined ? 'no limit' : `${bytes(memoryBytes)} in each process`],
    ['false reads of the store', reads],
  ]
}

function durationText(seconds: number): string {
  const units = { d: 86_400, h: 3600, min: 60 }
  const [unit, size] = Object.entries(units).find(([, size]) => seconds >= size) ?? ['s', 1]
  return `${Number((seconds / size).toPrecision(3))} ${unit}`
}

/** What to know besides the choice, a sentence or two each. */
export function remarks({ bestRate, population, traffic, choice, costs, ...more }: Recommendation): string[] {
  const { candidate } = choice.chosen
  const orWithRedis =
    bestRate.redis === undefined ? '' : `, or ${chance(bestRate.redis)} if each exact lookup waits for Redis`
  return [
    'The formula ε0* = N·c·1.44 / (λ·t1·ln 2) gives the rate of a Bloom filter at which memory and exact ' +
      `lookups together cost least: ${chance(bestRate.store)}${orWithRedis}. It knows no budget.`,
    candidate.falsePositiveRate < (candidate.prefilter.falsePositiveRate ?? 0)
      ? 'A filter is sized for twice the live revocations, so its rate at its fullest is lower than the ' +
        'option falsePositiveRate says.'
      : '',
    population.kept > 2 * traffic.revocations
      ? 'Most entries of the layers have expired, because tokens live so short a time: ' +
        'entries are kept for an hour after their expiry, in case a clock steps back.'
      : '',
    ...aboutPrefixCache(more),
    aboutTimes(costs, traffic.redisRttUs !== undefined),
  ].filter((remark) => remark !== '')
}

function aboutPrefixCache({ layer, prefixBits }: Pick<Recommendation, 'layer' | 'prefixBits'>): string[] {
  if (layer === undefined) return []
  const buckets = `${whole(2 ** layer.bucketBits)} of ${whole(layer.rowsPerBucket)} revocations`
  return [
    `The prefix cache has no options to choose: its field has ${layer.fieldBits} bits, and the store ` +
      `splits its buckets by itself, here into about ${buckets}, ${bytes(layer.bytes)} in Redis. ` +
      `Of lookups of tokens that nobody revoked, ${chance(layer.falsePositiveRate)} find an entry, and ` +
      `${chance(layer.unprovenShare)} meet a bucket that changed a moment ago: these go on to the store.`,
    prefixBits === undefined
      ? ''
      : `The budget needs ${prefixBits.needed.toFixed(0)} prefix bits in the prefix cache behind this ` +
        `prefilter, by b1 ≥ log2(λ·ε0·N / B2); there are ${prefixBits.present}.`,
  ]
}

function aboutTimes({ source, active, storePath, redisPath, storeRead }: Costs, hasRedis: boolean): string {
  const check = `a check ${nanoseconds(active[0]?.[1] ?? 0)} with a small filter`
  const store = `${nanoseconds(storePath)} if the store is asked`
  const from = 'Times are those of a benchmark (bench/records/2026-11-22.json),'
  const read = nanoseconds(storeRead)
  if (source === 'default')
    return `${from} not of this machine: ${check}, ${store}; a read of the store ${read}.`
  const redis = hasRedis ? `, ${nanoseconds(redisPath)} besides the round trip if Redis is asked` : ''
  const own = `${check}, ${store}${redis}`
  return `${from} scaled to the pace of this machine: ${own}; a read of the store is taken as ${read}.`
}
