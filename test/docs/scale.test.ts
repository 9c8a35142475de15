import { afterEach, describe, expect, it, vi } from 'vitest'
import { pollIntervalMs, PollTimer } from '#dist/engine/poll-timer.js'
import { pollsInFlight, pollsPerSecond, prefilterBytes } from '../../bench/scale/model.js'
import { withTables } from '../../bench/scale/tables.js'
import { readPage } from '../support/markdown.js'

const PAGE = 'docs/scale.md'

describe('scale.md', () => {
  afterEach(() => vi.useRealTimers())

  it('has the tables that its formulas give', () => {
    expect(withTables(readPage(PAGE))).toBe(readPage(PAGE))
  })

  it.each([
    [20, 1000, 2],
    [50, 1000, 40],
    [10, 5000, 200],
  ])('%i engines poll as its formulas say, Δ %i ms, a poll of %i ms', async (engines, staleness, pollMs) => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
    })
    let [polls, inFlight, moments] = [0, 0, 0]
    const timers = Array.from({ length: engines }, () => {
      const poll = async (): Promise<void> => {
        polls++
        inFlight++
        await new Promise((resolve) => setTimeout(resolve, pollMs))
        inFlight--
      }
      return new PollTimer(poll, pollIntervalMs({ maxStalenessMs: staleness, exclusive: false }))
    })
    for (const timer of timers) {
      timer.start()
      await vi.advanceTimersByTimeAsync(7) // not all at the same moment
    }
    const [seconds, stepMs] = [60, 3]
    let sum = 0
    polls = 0
    for (let ms = 0; ms < seconds * 1000; ms += stepMs, moments++) {
      await vi.advanceTimersByTimeAsync(stepMs)
      sum += inFlight
    }
    const stopped = timers.map((timer) => timer.stop())
    await vi.advanceTimersByTimeAsync(pollMs)
    await Promise.all(stopped)
    expect(polls / seconds / pollsPerSecond(engines, staleness, pollMs)).toBeCloseTo(1, 1)
    expect(sum / moments / pollsInFlight(engines, staleness, pollMs)).toBeCloseTo(1, 1)
  })

  it('the memory of a prefilter grows with its revocations, up to the largest filter', () => {
    const [million = 0, ten = 0] = [prefilterBytes(1e6), prefilterBytes(1e7)]
    expect(ten / million).toBeCloseTo(10, 1)
    expect(prefilterBytes(1e9)).toBeUndefined()
  })
})
