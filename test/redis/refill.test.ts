import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Breaker } from '#dist/redis/connection/circuit-breaker.js'
import { AntiEntropy } from '#dist/redis/prefix-cache/anti-entropy.js'

// Four buckets, of which Redis holds none: each that is looked at is to be written. Time is the test's, and so is the way to Redis:
// a list of what was asked.

const BITS = 2
/** Longer than anything here is put off. */
const LONG_MS = 20_000

function rig() {
  const breaker = new Breaker({ probe: () => Promise.resolve(), onChange: () => undefined })
  breaker.state = 'closed'
  const asked: string[] = []
  const repaired: number[] = []
  const to = { answer: (): Promise<unknown> => Promise.resolve(null) }
  const queue = { queued: 0, repair: (bucket: number) => repaired.push(bucket) }
  const refill = new AntiEntropy({
    commands: {
      available: true,
      breaker,
      send: (_command: string, key: unknown) => {
        asked.push(String(key))
        return to.answer()
      },
    },
    queue,
    versions: { bits: BITS, isKnown: true, isCurrent: () => false },
    keys: { bucket: (bucket) => `bucket ${bucket}` },
  })
  return { refill, asked, repaired, to, queue }
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('a bucket that somebody else has changed', () => {
  it('is looked at later, and no other', async () => {
    const { refill, asked, repaired } = rig()
    refill.verifyLater(3)
    expect(asked).toEqual([])
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(asked).toEqual(['bucket 3'])
    expect(repaired).toEqual([3])
  })

  it('is not forgotten where Redis did not answer just then', async () => {
    const { refill, repaired, to } = rig()
    const { answer } = to
    to.answer = () => {
      to.answer = answer
      return Promise.reject(new Error('no reply'))
    }
    refill.verifyLater(3)
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(repaired).toContain(3)
  })

  it('is not forgotten where all were being looked through just then', async () => {
    const { refill, asked, to } = rig()
    let reply = (): void => undefined
    const replies = new Promise((resolve) => (reply = () => resolve(null)))
    to.answer = () => replies
    refill.request('soon')
    expect(asked).toHaveLength(2 ** BITS)
    refill.verifyLater(3)
    await vi.advanceTimersByTimeAsync(LONG_MS)
    reply()
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(asked.slice(2 ** BITS)).toEqual(['bucket 3'])
  })
})

describe('a look through all buckets', () => {
  it('that has to wait for the last one waits once, however often it is wanted', async () => {
    const { refill, asked } = rig()
    refill.request('soon')
    await vi.advanceTimersByTimeAsync(0)
    expect(asked).toHaveLength(2 ** BITS)
    for (let i = 0; i < 1000; i++) refill.request('soon')
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(asked).toHaveLength(2 * 2 ** BITS)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends with its owner', async () => {
    const { refill, asked } = rig()
    refill.request('soon')
    await vi.advanceTimersByTimeAsync(0)
    refill.request('soon')
    refill.verifyLater(3)
    await refill.stop()
    expect(vi.getTimerCount()).toBe(0)
    expect(asked).toHaveLength(2 ** BITS)
  })
})

it('ends, though more waits to be written than anybody will write', async () => {
  const { refill, asked, queue } = rig()
  queue.queued = 1000
  refill.request('soon')
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect(asked).toEqual([])
  const ended = vi.fn()
  void refill.stop().then(ended)
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect(ended).toHaveBeenCalledOnce()
})
