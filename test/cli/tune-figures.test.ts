import { describe, expect, it } from 'vitest'
import { compare, type Figure, mixedQuantile, type Observed } from '#dist/cli/tune/predicted-vs-measured.js'
import { reportText } from '#dist/cli/tune/report.js'
import { DEFAULT_COSTS } from '#dist/tuning/costs.js'
import { recommend } from '#dist/tuning/recommend.js'

const traffic = {
  revocations: 1e5,
  checksPerSecond: 1000,
  revokedShare: 0.01,
  tokenLifeSeconds: 3600,
  redisRttUs: 300,
}
const recommendation = recommend(traffic, DEFAULT_COSTS)
const { predictions } = recommendation
const timing = (mean: number) => ({ mean, singles: Float64Array.of(mean), behind: new Float64Array(0) })

function figures(name: string, observed: Partial<Observed> = {}): Map<string, Figure> {
  const prediction = predictions.find(({ candidate }) => candidate.name === name)
  if (prediction === undefined) throw new Error(`no ${name}`)
  const probes = 1e6
  const rate = { positives: Math.round(prediction.candidate.falsePositiveRate * probes), probes }
  const all = compare({
    prediction,
    traffic,
    bytes: prediction.memoryBytes,
    rate,
    active: timing(prediction.meanNs),
    revoked: timing(prediction.meanNs),
    revokedLeaving: 0,
    ...observed,
  })
  return new Map(all.map((figure) => [figure.name, figure]))
}

describe('a prediction and a measurement', () => {
  it.each([
    [1, true],
    [1.49, true],
    [0.67, true],
    [1.51, false],
    [0.66, false],
    [10, false],
  ])('of %d times the prediction: within 1.5× is %s', (factor, within) => {
    const [{ memoryBytes, meanNs } = { memoryBytes: NaN, meanNs: NaN }] = predictions
    const all = figures('bloom 1e-1', {
      bytes: memoryBytes * factor,
      active: timing(meanNs * factor),
      revoked: timing(meanNs * factor),
    })
    for (const name of ['memory', 'meanNs']) {
      expect(all.get(name)?.within, name).toBe(within)
      expect(all.get(name)?.ratio).toBeCloseTo(factor, 9)
    }
  })

  it('leaves out a rate with too few expected positives, unless far too many came', () => {
    const rate = (positives: number) => ({ positives, probes: 1e6 })
    expect(figures('bloom 1e-6', { rate: rate(0) }).get('falsePositiveRate')).toMatchObject({
      measured: null,
      ratio: null,
      within: null,
      note: '0 in 1.0e+6 probes: too few to tell',
    })
    expect(figures('bloom 1e-6', { rate: rate(30) }).get('falsePositiveRate')?.within).toBe(false)
  })

  it('expects no false positives of an exact set', () => {
    expect(figures('exact').get('falsePositiveRate')).toMatchObject({
      predicted: 0,
      measured: 0,
      within: true,
    })
    expect(figures('exact', { rate: { positives: 1, probes: 1e6 } }).get('falsePositiveRate')?.within).toBe(
      false,
    )
  })

  it('does not measure false reads behind a simulated Redis', () => {
    expect(figures('bloom 1e-2, Redis').get('falseStoreReadsPerDay')).toMatchObject({
      measured: null,
      note: 'not measured: Redis was simulated',
    })
    expect(figures('bloom 1e-2').get('falseStoreReadsPerDay')?.within).toBe(true)
  })

  it('notes that p99 stands on the step between two times', () => {
    const one = predictions.find(({ candidate }) => candidate.name === 'bloom 1e-4')
    if (one === undefined) throw new Error('no bloom 1e-4')
    expect(
      figures('bloom 1e-4', { prediction: { ...one, leavesProcess: 0.009 } }).get('p99Ns')?.note,
    ).toContain('on the step')
    expect(
      figures('bloom 1e-4', { prediction: { ...one, leavesProcess: 0.001 } }).get('p99Ns')?.note,
    ).toBeUndefined()
  })
})

describe('the report for people', () => {
  it('says what is within 1.5× of the prediction and what is not', () => {
    const prediction = predictions.find(({ candidate }) => candidate.name === 'exact')
    if (prediction === undefined) throw new Error('no exact')
    const compared = figures('exact', { active: timing(prediction.meanNs * 9) })
    const measured = {
      prediction,
      entries: 123_456,
      cutShort: null,
      pace: 1,
      figures: [...compared.values()],
    }
    const text = reportText(recommendation, [measured], 100)
    expect(text).toMatch(/\nexact, built with 123,456 entries\n +predicted +measured +ratio\n/)
    expect(text).toMatch(/\nmemory .* 1\.00 +within 1\.5×\nfalse positives +0 +0 +within 1\.5×\n/)
    expect(text).toMatch(/\nmean of a check .* 8\.\d+ +NOT within 1\.5×\n/)
  })
})

describe('mixedQuantile of checks timed by kind', () => {
  it('weighs each kind by its share', () => {
    const quick = Float64Array.from({ length: 1000 }, (_, i) => i)
    const slow = Float64Array.of(5000, 6000)
    expect(
      mixedQuantile(
        [
          { share: 0.98, singles: quick },
          { share: 0.02, singles: slow },
        ],
        0.985,
      ),
    ).toBe(5000)
    expect(
      mixedQuantile(
        [
          { share: 0.995, singles: quick },
          { share: 0.005, singles: slow },
        ],
        0.99,
      ),
    ).toBe(994)
    expect(
      mixedQuantile(
        [
          { share: 1, singles: quick },
          { share: 0, singles: slow },
        ],
        0.5,
      ),
    ).toBe(499)
  })
})
