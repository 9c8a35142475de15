import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Breaker } from '#dist/redis/connection/circuit-breaker.js'
import { AntiEntropy } from '#dist/redis/prefix-cache/anti-entropy.js'

// There are four buckets, and each one that is verified is stale. Time is the test's, and so are the replies
// of Redis: what is asserted is the list of the buckets that were read.

const BITS = 2
const ALL = 2 ** BITS
/** Longer than any delay or pause here. */
const LONG_MS = 20_000
/** The pause after a pass, and the longest one after two passes that had to repair much. */
const PAUSE_MS = 1000
/** The delay of the verification of a bucket that another engine changed. */
const LONGEST_DELAY_MS = 6000

function setUp() {
  const breaker = new Breaker({ probe: () => Promise.resolve(), onChange: () => undefined })
  breaker.state = 'closed'
  const asked: string[] = []
  const repaired: number[] = []
  const to = { answer: (): Promise<unknown> => Promise.resolve(null) }
  const commands = {
    available: true,
    breaker,
    send: (_command: string, key: unknown) => {
      asked.push(String(key))
      return to.answer()
    },
  }
  const queue = { queued: 0, repair: (bucket: number) => repaired.push(bucket) }
  const versions = { bits: BITS, isKnown: true, isCurrent: () => false }
  const keys = { bucket: (bucket: number) => `bucket ${bucket}` }
  const antiEntropy = new AntiEntropy({ commands, queue, versions, keys })
  /** Replies wait until the function that comes back is called. */
  const holdReplies = (): (() => void) => {
    const { answer } = to
    let reply = (): void => undefined
    const held = new Promise((resolve) => (reply = () => resolve(null)))
    to.answer = () => held
    return () => {
      to.answer = answer
      reply()
    }
  }
  const disconnect = (): void => {
    commands.available = false
    breaker.state = 'open'
  }
  const reconnect = (): void => {
    commands.available = true
    breaker.state = 'closed'
    antiEntropy.request('now')
  }
  return { antiEntropy, asked, repaired, to, queue, versions, holdReplies, disconnect, reconnect }
}

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('AntiEntropy.verifyLater', () => {
  it('reads the bucket after a delay, and no other', async () => {
    const { antiEntropy, asked, repaired } = setUp()
    antiEntropy.verifyLater(3)
    expect(asked).toEqual([])
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(asked).toEqual(['bucket 3'])
    expect(repaired).toEqual([3])
  })

  it('does not forget the bucket when Redis fails to answer', async () => {
    const { antiEntropy, repaired, to } = setUp()
    const { answer } = to
    to.answer = () => {
      to.answer = answer
      return Promise.reject(new Error('no reply'))
    }
    antiEntropy.verifyLater(3)
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(repaired).toContain(3)
  })

  it('does not forget the bucket when a pass is running at that moment', async () => {
    const { antiEntropy, asked, holdReplies } = setUp()
    const reply = holdReplies()
    antiEntropy.request('soon')
    expect(asked).toHaveLength(ALL)
    antiEntropy.verifyLater(3)
    await vi.advanceTimersByTimeAsync(LONG_MS)
    reply()
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(asked.slice(ALL)).toEqual(['bucket 3'])
  })

  it('reads the bucket during the pause after a pass, which goes on', async () => {
    const { antiEntropy, asked } = setUp()
    vi.spyOn(Math, 'random').mockReturnValue(0)
    for (let pass = 0; pass < 3; pass++) {
      antiEntropy.request('soon')
      await vi.advanceTimersByTimeAsync(4 * PAUSE_MS - 1)
    }
    expect(asked).toHaveLength(3 * ALL)
    // The pause is 4 s long by now.
    antiEntropy.request('soon')
    antiEntropy.verifyLater(3)
    expect(vi.getTimerCount()).toBe(2)
    vi.restoreAllMocks()
    await vi.advanceTimersByTimeAsync(LONGEST_DELAY_MS)
    expect(asked).toHaveLength(4 * ALL + 1)
  })
})

describe('AntiEntropy.request', () => {
  it('waits for one pause, however often a pass is requested', async () => {
    const { antiEntropy, asked } = setUp()
    antiEntropy.request('soon')
    await settle()
    expect(asked).toHaveLength(ALL)
    for (let i = 0; i < 1000; i++) antiEntropy.request('soon')
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(asked).toHaveLength(2 * ALL)
    expect(vi.getTimerCount()).toBe(0)
  })

  it("'now' ends the pause", async () => {
    const { antiEntropy, asked } = setUp()
    antiEntropy.request('soon')
    await settle()
    antiEntropy.request('soon')
    await settle()
    expect(asked).toHaveLength(ALL)
    antiEntropy.request('now')
    await settle()
    expect(asked).toHaveLength(2 * ALL)
    expect(vi.getTimerCount()).toBe(0)
  })

  it("'now' during a pass begins another one right after it, 'soon' after a pause", async () => {
    for (const when of ['now', 'soon'] as const) {
      const { antiEntropy, asked, holdReplies } = setUp()
      const reply = holdReplies()
      antiEntropy.request('soon')
      antiEntropy.request(when)
      antiEntropy.request('soon')
      reply()
      await settle()
      expect(asked, when).toHaveLength(when === 'now' ? 2 * ALL : ALL)
      expect(antiEntropy.complete).toBe(when === 'now')
      await vi.advanceTimersByTimeAsync(PAUSE_MS)
      expect(asked, when).toHaveLength(2 * ALL)
      expect(antiEntropy.complete).toBe(true)
    }
  })

  it('doubles the pause after each large repair, unless it was expected', async () => {
    const { antiEntropy, asked } = setUp()
    antiEntropy.request('now')
    await settle()
    for (const pauseMs of [PAUSE_MS, PAUSE_MS, 2 * PAUSE_MS, 4 * PAUSE_MS]) {
      const before = asked.length
      antiEntropy.request('soon')
      await vi.advanceTimersByTimeAsync(pauseMs - 1)
      expect(asked).toHaveLength(before)
      await vi.advanceTimersByTimeAsync(1)
      expect(asked).toHaveLength(before + ALL)
    }
    antiEntropy.request('now')
    await settle()
    const before = asked.length
    antiEntropy.request('soon')
    await vi.advanceTimersByTimeAsync(PAUSE_MS)
    expect(asked).toHaveLength(before + ALL)
  })

  it('stays noted while the breaker is open or the versions are not known', async () => {
    const { antiEntropy, asked, versions, disconnect, reconnect } = setUp()
    disconnect()
    antiEntropy.request('soon')
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(asked).toEqual([])
    expect(antiEntropy.complete).toBe(false)
    versions.isKnown = false
    reconnect()
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(asked).toEqual([])
    versions.isKnown = true
    antiEntropy.request('soon')
    await settle()
    expect(asked).toHaveLength(ALL)
  })
})

describe('AntiEntropy: a pass', () => {
  it('is complete once it has reached every bucket, and its repairs are written', async () => {
    const { antiEntropy, queue, holdReplies } = setUp()
    expect(antiEntropy.complete).toBe(false)
    const reply = holdReplies()
    antiEntropy.request('now')
    await settle()
    expect(antiEntropy).toMatchObject({ complete: false, verified: 0 })
    queue.queued = 1
    reply()
    await settle()
    expect(antiEntropy).toMatchObject({ complete: false, verified: ALL })
    queue.queued = 0
    expect(antiEntropy.complete).toBe(true)
  })

  it('that loses the connection repairs nothing, and is made up for by the reconnection', async () => {
    const { antiEntropy, asked, repaired, to, disconnect, reconnect } = setUp()
    const { answer } = to
    to.answer = () => Promise.reject(new Error('the connection was lost'))
    antiEntropy.request('now')
    disconnect()
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(antiEntropy.complete).toBe(false)
    expect(asked).toHaveLength(ALL)
    expect(repaired).toEqual([])
    to.answer = answer
    reconnect()
    await settle()
    expect(antiEntropy.complete).toBe(true)
    expect(repaired).toHaveLength(ALL)
  })

  it('that a split overtakes repairs nothing, and the new buckets are verified at once', async () => {
    const { antiEntropy, repaired, versions, holdReplies } = setUp()
    const reply = holdReplies()
    antiEntropy.request('soon')
    versions.bits = BITS + 1
    antiEntropy.request('now')
    expect(repaired).toEqual([])
    reply()
    await settle()
    expect(repaired.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(antiEntropy.complete).toBe(true)
  })
})

describe('AntiEntropy.stop', () => {
  it('ends the pause and the delay, and nothing begins any more', async () => {
    const { antiEntropy, asked } = setUp()
    antiEntropy.request('soon')
    await settle()
    antiEntropy.request('soon')
    antiEntropy.verifyLater(3)
    await antiEntropy.stop()
    antiEntropy.request('now')
    antiEntropy.verifyLater(2)
    await settle()
    expect(vi.getTimerCount()).toBe(0)
    expect(asked).toHaveLength(ALL)
  })

  it('waits for the replies of a pass, and begins no other', async () => {
    const { antiEntropy, asked, holdReplies } = setUp()
    const reply = holdReplies()
    antiEntropy.request('soon')
    antiEntropy.request('now')
    const stopped = vi.fn()
    void antiEntropy.stop().then(stopped)
    await settle()
    expect(stopped).not.toHaveBeenCalled()
    reply()
    await settle()
    expect(stopped).toHaveBeenCalledOnce()
    expect(asked).toHaveLength(ALL)
  })

  it('ends a pass that waits for a queue which nobody writes', async () => {
    const { antiEntropy, asked, queue } = setUp()
    queue.queued = 1000
    antiEntropy.request('soon')
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(asked).toEqual([])
    const stopped = vi.fn()
    void antiEntropy.stop().then(stopped)
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(stopped).toHaveBeenCalledOnce()
  })

  it('lets a probe that is under way repair nothing', async () => {
    const { antiEntropy, repaired, holdReplies } = setUp()
    const reply = holdReplies()
    const probe = antiEntropy.probeRandomBucket()
    await antiEntropy.stop()
    reply()
    await probe
    expect(repaired).toEqual([])
  })
})
