import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { PollTimer } from '#dist/engine/poll-timer.js'

const INTERVAL_MS = 1000

function setUp() {
  const poll = vi.fn(() => Promise.resolve())
  const timer = new PollTimer(poll, INTERVAL_MS)
  timer.start()
  onTestFinished(() => timer.stop())
  return { poll, timer }
}

beforeEach(() => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
})

describe('PollTimer', () => {
  it('polls at its interval', async () => {
    const { poll } = setUp()
    await vi.advanceTimersByTimeAsync(3 * INTERVAL_MS)
    expect(poll).toHaveBeenCalledTimes(3)
  })

  it('polls at once when it is hurried', async () => {
    const { poll, timer } = setUp()
    timer.hurry()
    await vi.advanceTimersByTimeAsync(0)
    expect(poll).toHaveBeenCalledOnce()
  })

  it('polls once a millisecond at most, however often it is hurried', async () => {
    const { poll, timer } = setUp()
    for (let turn = 0; turn < 5000; turn++) {
      timer.hurry()
      await vi.advanceTimersByTimeAsync(turn % 50 === 0 ? 1 : 0)
    }
    expect(poll.mock.calls.length).toBeGreaterThan(50)
    expect(poll.mock.calls.length).toBeLessThanOrEqual(101)
  })

  it('polls again after a hurry during a poll', async () => {
    const { poll, timer } = setUp()
    let done: () => void = () => undefined
    poll.mockImplementationOnce(() => new Promise((resolve) => (done = resolve)))
    await vi.advanceTimersByTimeAsync(INTERVAL_MS)
    timer.hurry()
    await vi.advanceTimersByTimeAsync(10)
    expect(poll).toHaveBeenCalledOnce()
    done()
    await vi.advanceTimersByTimeAsync(1)
    expect(poll).toHaveBeenCalledTimes(2)
  })
})
