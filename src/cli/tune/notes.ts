import type { Costs } from '../../tuning/costs.js'
import type { Recommendation } from '../../tuning/recommend.js'
import { bytes, chance, few, nanoseconds, percent, whole } from '../output/format-numbers.js'

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
  const [kept, fullest] = [whole(population.kept), whole(population.fullest)]
  const newOnes = `${few(population.perSecond)} new ones a second`
  return [
    ['revocations alive', `${whole(traffic.revocations)}, ${newOnes}`],
    [
      'kept by the layers',
      `${kept} with those that expired within the last hour; a filter holds up to ${fullest}`,
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
  const units: [number, string][] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ]
  const [size, unit] = units.find(([size]) => seconds >= size) ?? [1, 's']
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
  if (source === 'default') {
    return (
      `Times are those of a benchmark (bench/records/2026-11-22.json), not of this machine: ${check}, ` +
      `${store}; a read of the store ${nanoseconds(storeRead)}.`
    )
  }
  const redis = hasRedis ? `, ${nanoseconds(redisPath)} besides the round trip if Redis is asked` : ''
  return (
    `Times are those of a benchmark (bench/records/2026-11-22.json), scaled to the pace of this machine: ` +
    `${check}, ${store}${redis}; a read of the store is taken as ${nanoseconds(storeRead)}.`
  )
}
