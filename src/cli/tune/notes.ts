import type { Recommendation } from '../../tuning/recommend.js'
import { bytes, chance, percent, whole } from '../output/format-numbers.js'
import { few, time } from './candidate-rows.js'

/** What to write into a program: the options of the chosen candidate. */
export function optionsText({ choice }: Recommendation): string {
  const { prefilter, redis } = choice.chosen.candidate
  const of = Object.entries(prefilter).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? `'${value}'` : numberText(value as number)}`,
  )
  const lines = [
    `  prefilter: { ${of.join(', ')} },`,
    ...(redis ? ['  redis: process.env.REVOCADE_REDIS_URL,'] : []),
  ]
  return `createRevocade({\n${lines.join('\n')}\n})`
}

/** `1e-4`, `2_600_000`: as one writes them in a program. */
function numberText(value: number): string {
  return value < 1 ? value.toExponential().replace('+', '') : String(value).replace(/\B(?=(\d{3})+$)/g, '_')
}

/** What was asked about, and what follows for what the layers hold. */
export function trafficRows({ traffic, population }: Recommendation): [string, string][] {
  const {
    revocations,
    checksPerSecond,
    revokedShare,
    tokenLifeSeconds,
    redisRttUs,
    memoryBytes,
    storeReadsPerDay,
  } = traffic
  return [
    ['revocations alive', `${whole(revocations)}, ${few(population.perSecond)} new ones a second`],
    [
      'kept by the layers',
      `${whole(population.kept)} with those that expired within the last hour; a filter holds up to ${whole(population.fullest)}`,
    ],
    ['checks a second', `${few(checksPerSecond)}, ${percent(revokedShare)} of revoked tokens`],
    ['token life', durationText(tokenLifeSeconds)],
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
  const unit = units.find(([size]) => seconds >= size)
  return unit === undefined
    ? `${Number(seconds.toPrecision(3))} s`
    : `${Number((seconds / unit[0]).toPrecision(3))} ${unit[1]}`
}

/** What there is to know beside the choice, a sentence each. */
export function remarks({
  layer,
  bestRate,
  prefixBits,
  costs,
  choice,
  traffic,
  population,
}: Recommendation): string[] {
  const says = [
    `By the formula ε0* = N·c·1.44 / (λ·t1·ln 2) the rate of a Bloom filter where memory and closer looks together cost least is ${chance(bestRate.store)}${bestRate.redis === undefined ? '' : `, or ${chance(bestRate.redis)} where each closer look waits for Redis`}. It knows no budget.`,
  ]
  if (
    choice.chosen.candidate.falsePositiveRate < (choice.chosen.candidate.prefilter.falsePositiveRate ?? 0)
  ) {
    says.push(
      'A filter is made for twice what is alive, so at its fullest it lets less through than falsePositiveRate says.',
    )
  }
  if (population.kept > 2 * traffic.revocations) {
    says.push(
      'Tokens live so short a time that most of what the layers hold has expired: they keep it for an hour, against clocks that step back.',
    )
  }
  if (layer !== undefined) {
    says.push(
      `L1 is no choice: its field has ${layer.fieldBits} bits, and the store divides its buckets by itself, here into about ${whole(2 ** layer.bucketBits)} of ${whole(layer.rowsPerBucket)} revocations, ${bytes(layer.bytes)} in Redis. Of lookups that should find nothing ${chance(layer.falsePositiveRate)} find something, and ${chance(layer.unprovenShare)} meet a bucket that was changed a moment ago: these go on to the store.`,
    )
  }
  if (prefixBits !== undefined) {
    says.push(
      `The budget asks for ${prefixBits.needed.toFixed(0)} bits of prefix in L1 behind this L0, by b1 ≥ log2(λ·ε0·N / B2); there are ${prefixBits.present}.`,
    )
  }
  says.push(
    costs.source === 'measured'
      ? `Times are from a calibration on this machine just now: a check ${time(costs.active[0][1])} with a small filter, ${time(costs.storePath)} where the store is asked${traffic.redisRttUs === undefined ? '' : `, ${time(costs.redisPath)} of our own where Redis is`}; a read of the store is taken as ${time(costs.storeRead)}.`
      : `Times are not measured here but those of a benchmark (bench/records/2026-11-22.json): a check ${time(costs.active[0][1])} with a small filter, ${time(costs.storePath)} where the store is asked; a read of the store ${time(costs.storeRead)}.`,
  )
  return says
}
