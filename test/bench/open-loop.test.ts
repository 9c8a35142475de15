import { describe, expect, it } from 'vitest'
import { histogramMeasurement, newHistogram, percentilesOf } from '../../bench/harness/histogram.js'
import { type Latencies, newLatencies, openLoop } from '../../bench/harness/open-loop.js'

const RATE = 10_000
const COUNT = 20_000

/** A loop whose clock moves only by what is done in it: 10 µs by a turn, 1 µs by an operation. */
class FakeLoop {
  ns = 5e9
  readonly times = newLatencies()
  readonly begunAt: number[] = []
  made = 0

  async run(
    operate: (index: number) => Promise<void> | undefined = () => undefined,
    count = COUNT,
  ): Promise<Latencies> {
    await openLoop({
      ratePerSecond: RATE,
      now: () => this.ns,
      turn: () => {
        this.ns += 10_000
        return Promise.resolve()
      },
      goOn: (begun) => begun < count,
      take: () => ({ times: this.times }),
      operate: () => {
        this.begunAt.push(this.ns)
        this.ns += 1000
        return operate(this.begunAt.length - 1)
      },
      spare: () => {
        this.made++
      },
    })
    return this.times
  }
}

const near = (value: number, expected: number): void => {
  expect(value / expected).toBeGreaterThan(0.98)
  expect(value / expected).toBeLessThan(1.02)
}

describe('a load at a fixed rate', () => {
  it('begins operations when they are due', async () => {
    const loop = new FakeLoop()
    const { latency, service } = await loop.run()
    expect(loop.begunAt).toHaveLength(COUNT)
    const late = loop.begunAt.map((at, i) => at - 5e9 - i * (1e9 / RATE))
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...late)).toBeLessThan(12_000)
    expect(loop.made).toBeGreaterThan(COUNT)
    expect([latency.totalCount, service.totalCount]).toEqual([COUNT, COUNT])
    near(service.getValueAtPercentile(99.99), 1000)
  })

  it('shows a stall to all operations that were due in it, not only to the one that stalled', async () => {
    const loop = new FakeLoop()
    const { latency, service } = await loop.run((i) => {
      if (i === 10_000) loop.ns += 200e6
      return undefined
    })
    // 200 ms at 10,000/s: 2,000 operations of 20,000 had to wait, the first for all of it, the last hardly.
    near(latency.maxValue, 200e6)
    near(latency.getValueAtPercentile(95), 100e6)
    expect(latency.getValueAtPercentile(88)).toBeLessThan(20_000)
    // Service times hide it: one operation in 20,000.
    near(service.maxValue, 200e6)
    near(service.getValueAtPercentile(99.99), 1000)
  })

  it('shows a stall between operations, too', async () => {
    const loop = new FakeLoop()
    const { latency, service } = await loop.run((i) => {
      if (i === 10_000) queueMicrotask(() => (loop.ns += 200e6))
      return undefined
    })
    near(latency.getValueAtPercentile(95), 100e6)
    near(service.maxValue, 1000)
  })

  it('times an operation until its promise resolves, and waits for the last', async () => {
    const loop = new FakeLoop()
    const { latency, service } = await loop.run(async (i) => {
      if (i !== 50) return
      await Promise.resolve()
      loop.ns += 3e6
    }, 100)
    expect(service.totalCount).toBe(100)
    near(service.maxValue, 3e6)
    near(latency.maxValue, 3e6)
  })

  it('fails where an operation does', async () => {
    await expect(
      new FakeLoop().run((i) => (i === 50 ? Promise.reject(new Error('wrong answer')) : undefined), 100),
    ).rejects.toThrow('wrong answer')
    await expect(
      new FakeLoop().run((i) => {
        if (i === 50) throw new Error('wrong answer')
        return undefined
      }, 100),
    ).rejects.toThrow('wrong answer')
  })
})

describe('what is recorded of a histogram', () => {
  it('are its quantiles, and its tail', () => {
    const histogram = newHistogram()
    for (let i = 1; i <= 100_000; i++) histogram.recordValue(i * 10)
    const one = histogramMeasurement(histogram, { engine: 'e', n: 5, mix: 'hit' })
    expect(one).toMatchObject({ engine: 'e', n: 5, mix: 'hit', batch: 1, operations: 100_000 })
    const figures = [one.p50Ns, one.p99Ns, one.p999Ns, one.p9999Ns, one.maxNs, 1e9 / one.opsPerSecond]
    for (const [i, expected] of [500_000, 990_000, 999_000, 999_900, 1e6, 500_000].entries())
      near(figures[i] ?? 0, expected)
    expect(one.samples).toHaveLength(100)
    for (const [i, sample] of one.samples.entries()) near(sample, (i + 0.5) * 10_000)
  })

  it('in words, no percentile that fewer than ten operations tell', () => {
    const histogram = newHistogram()
    for (let i = 0; i < 1000; i++) histogram.recordValue(2000)
    expect(percentilesOf(histogram)).toBe('p50 2 µs, p99 2 µs, longest 2 µs')
  })
})
