import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BreakerState } from '#dist/redis/connection/circuit-breaker.js'
import type { WriteResult } from '#dist/redis/prefix-cache/bucket-writer.js'
import { BucketWriteQueue } from '#dist/redis/prefix-cache/write-queue.js'

// Each write of a bucket goes to a writer that settles it when the test says so. What is asserted is which
// writes are in flight at each moment.

interface Write {
  readonly bucket: number
  readonly background: boolean
  readonly settle: (result: WriteResult) => void
  readonly fail: (error: Error) => void
}

const WRITTEN: WriteResult = { kind: 'written', rows: 1 }
const VERSION = Buffer.alloc(14, 1)

function setUp() {
  const writes: Write[] = []
  const server = { available: true, breaker: { state: 'closed' as BreakerState } }
  const queue = new BucketWriteQueue({
    commands: server as never,
    writer: {
      bringUpToDate: (bucket, _bits, _expected, background) =>
        new Promise((settle, fail) => writes.push({ bucket, background, settle, fail })),
    },
    splitter: { consider: () => undefined },
    bits: () => 8,
  })
  /** Takes the writes that have begun since the last call. */
  const begun = async (): Promise<Write[]> => {
    await new Promise(setImmediate)
    return writes.splice(0)
  }
  /** The same, and waits for at least one: the background may pause for a moment. */
  const next = async (): Promise<Write[]> => {
    for (;;) {
      const some = await begun()
      if (some.length > 0) return some
    }
  }
  const buckets = async (): Promise<number[]> => (await begun()).map(({ bucket }) => bucket)
  const disconnect = (): void => {
    server.available = false
    server.breaker.state = 'open'
  }
  const reconnect = (): void => {
    server.available = true
    server.breaker.state = 'closed'
    queue.run()
  }
  return { queue, server, writes, begun, next, buckets, disconnect, reconnect }
}

async function only(writes: Promise<Write[]>): Promise<Write> {
  const begun = await writes
  const write = begun.at(0)
  if (begun.length !== 1 || write === undefined) throw new Error('not one write')
  return write
}

function refusal(): Error {
  const error = new Error("OOM command not allowed when used memory > 'maxmemory'")
  error.name = 'ReplyError'
  return error
}

// The pause after a slice stays real: it is some microseconds long, or is ended by `stop`.
beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => vi.useRealTimers())

describe('BucketWriteQueue: a commit', () => {
  it('is not written in the turn that queues it, for its version moves in that turn', async () => {
    const { queue, writes, buckets } = setUp()
    void queue.changed(1, VERSION, false)
    expect(writes).toEqual([])
    expect(queue.queued).toBe(1)
    expect(await buckets()).toEqual([1])
  })

  it('resolves true once it is written, and counts', async () => {
    const { queue, next } = setUp()
    const written = queue.changed(1, VERSION, false)
    ;(await only(next())).settle(WRITTEN)
    expect(await written).toBe(true)
    expect(queue).toMatchObject({ written: 1, queued: 0 })
  })

  it('does not wait for a background write that is in flight', async () => {
    const { queue, next } = setUp()
    queue.repair(1, null)
    expect(await only(next())).toMatchObject({ bucket: 1, background: true })
    void queue.changed(2, VERSION, false)
    expect(await only(next())).toMatchObject({ bucket: 2, background: false })
  })

  it('waits for a background write of the same bucket, and follows it', async () => {
    const { queue, next, buckets } = setUp()
    queue.repair(1, null)
    const inBackground = await only(next())
    const written = queue.changed(1, VERSION, false)
    expect(await buckets()).toEqual([])
    inBackground.settle(WRITTEN)
    const own = await only(next())
    expect(own).toMatchObject({ bucket: 1, background: false })
    own.settle(WRITTEN)
    expect(await written).toBe(true)
  })

  it('takes over a repair of the same bucket that waits', async () => {
    const { queue, next } = setUp()
    queue.repair(1, null)
    void queue.changed(1, VERSION, false)
    expect(await only(next())).toMatchObject({ bucket: 1, background: false })
    expect(queue.queued).toBe(1)
  })

  it('shares one write with the commits that come while it waits', async () => {
    const { queue, next } = setUp()
    const first = await (async () => {
      void queue.changed(1, VERSION, false)
      return only(next())
    })()
    const second = [queue.changed(1, VERSION, false), queue.changed(1, VERSION, false)]
    first.settle(WRITTEN)
    ;(await only(next())).settle(WRITTEN)
    expect(await Promise.all(second)).toEqual([true, true])
    expect(queue.written).toBe(2)
  })

  it('comes before all repairs, with 15 others at a time', async () => {
    const { queue, begun, next } = setUp()
    queue.repair(100, null)
    for (let bucket = 0; bucket < 20; bucket++) void queue.changed(bucket, VERSION, false)
    const first = await begun()
    expect(first.map(({ bucket }) => bucket)).toEqual(Array.from({ length: 16 }, (_, i) => i))
    for (const { settle } of first) settle(WRITTEN)
    const second = await begun()
    expect(second.map(({ bucket }) => bucket)).toEqual([16, 17, 18, 19])
    for (const { settle } of second) settle(WRITTEN)
    expect(await only(next())).toMatchObject({ bucket: 100, background: true })
  })

  it('of many buckets is written in the background', async () => {
    const { queue, next } = setUp()
    void queue.changed(1, VERSION, true)
    expect(await only(next())).toMatchObject({ bucket: 1, background: true })
  })
})

describe('BucketWriteQueue: a lost connection', () => {
  it('answers the commits that wait with false, and keeps them for the reconnection', async () => {
    const { queue, buckets, disconnect, reconnect } = setUp()
    disconnect()
    const written = queue.changed(1, VERSION, false)
    expect(await buckets()).toEqual([])
    expect(await written).toBe(false)
    expect(queue.queued).toBe(1)
    reconnect()
    expect(await buckets()).toEqual([1])
  })

  it('in the middle of a slice loses no bucket of it', async () => {
    const { queue, begun, next, buckets, disconnect, reconnect } = setUp()
    for (let bucket = 0; bucket < 6; bucket++) queue.repair(bucket, null)
    const slice = await begun()
    expect(slice).not.toEqual([])
    disconnect()
    for (const { fail } of slice) fail(new Error('the connection was lost'))
    expect(await buckets()).toEqual([])
    expect(queue.queued).toBe(6)
    reconnect()
    for (let left = 6; left > 0;) {
      const some = await next()
      for (const { settle } of some) settle(WRITTEN)
      left -= some.length
    }
    await begun()
    expect(queue).toMatchObject({ written: 6, queued: 0 })
  })

  it('in the middle of a commit answers false, and writes it in the background later', async () => {
    const { queue, next, disconnect, reconnect } = setUp()
    const written = queue.changed(1, VERSION, false)
    const write = await only(next())
    disconnect()
    write.fail(new Error('the connection was lost'))
    expect(await written).toBe(false)
    reconnect()
    expect(await only(next())).toMatchObject({ bucket: 1, background: true })
  })
})

describe('BucketWriteQueue: a server that takes no more', () => {
  it('is left alone for a second after a refusal, for commits as well', async () => {
    const { queue, begun, next, buckets } = setUp()
    void queue.changed(1, VERSION, false)
    ;(await only(next())).fail(refusal())
    const second = queue.changed(2, VERSION, false)
    expect(await buckets()).toEqual([])
    expect(await second).toBe(false)
    expect(queue.refusal).toMatch(/OOM/)
    vi.advanceTimersByTime(999)
    expect(await buckets()).toEqual([])
    vi.advanceTimersByTime(1)
    for (const { settle } of await begun()) settle(WRITTEN)
    await begun()
    expect(queue.refusal).toBeUndefined()
  })

  it('with too many commands in flight is tried again after 20 ms, by one timer', async () => {
    const { queue, server, buckets } = setUp()
    server.available = false
    for (let i = 0; i < 100; i++) queue.repair(i % 2, null)
    expect(await buckets()).toEqual([])
    expect(vi.getTimerCount()).toBe(1)
    server.available = true
    vi.advanceTimersByTime(20)
    expect((await buckets())[0]).toBe(0)
  })
})

describe('BucketWriteQueue: a result', () => {
  it('of a conflict queues the bucket again; of a split or too large bucket drops it', async () => {
    const { queue, next, buckets } = setUp()
    const written = queue.changed(1, VERSION, false)
    ;(await only(next())).settle({
      kind: 'conflict',
      rows: 1,
      expected: { version: VERSION, observed: true },
    })
    expect(await written).toBe(false)
    const again = await only(next())
    expect(again).toMatchObject({ bucket: 1, background: true })
    again.settle({ kind: 'too-large', rows: 10_000 })
    expect(await buckets()).toEqual([])
    queue.repair(2, null)
    ;(await only(next())).settle({ kind: 'layout-changed' })
    expect(await buckets()).toEqual([])
    expect(queue).toMatchObject({ written: 0, queued: 0 })
  })

  it('comes for what is in flight, though what waits is forgotten', async () => {
    const { queue, next, buckets } = setUp()
    const first = queue.changed(1, VERSION, false)
    const write = await only(next())
    const second = queue.changed(1, VERSION, false)
    queue.forget()
    expect(await second).toBe(false)
    write.settle(WRITTEN)
    expect(await first).toBe(true)
    expect(await buckets()).toEqual([])
  })
})

describe('BucketWriteQueue: a bucket that is never written', () => {
  const conflict: WriteResult = {
    kind: 'conflict',
    rows: 1,
    expected: { version: VERSION, observed: true },
  }

  it.each(['conflict', 'error'])('is tried less and less often: %s', async (cause) => {
    vi.useRealTimers()
    const { queue, next } = setUp()
    queue.repair(1, null)
    const begun = performance.now()
    for (let attempt = 0; attempt < 5; attempt++) {
      const write = await only(next())
      if (cause === 'conflict') write.settle(conflict)
      else write.fail(new Error('the store cannot be read'))
    }
    expect(performance.now() - begun).toBeGreaterThan(20 + 40 + 80 + 160 - 5)
    const written = queue.changed(2, VERSION, false)
    const other = await only(next())
    expect(other).toMatchObject({ bucket: 2, background: false })
    other.settle(WRITTEN)
    expect(await written).toBe(true)
    await queue.stop()
  })
})

describe('BucketWriteQueue.stop', () => {
  it('resolves at once when nothing is in flight', async () => {
    await expect(setUp().queue.stop()).resolves.toBeUndefined()
  })

  it('waits for the write in flight, begins no other, and answers who waits with false', async () => {
    const { queue, next, buckets } = setUp()
    const first = queue.changed(1, VERSION, false)
    const write = await only(next())
    const second = queue.changed(2, VERSION, false)
    const stopped = vi.fn()
    const stopping = queue.stop().then(stopped)
    expect(await buckets()).toEqual([])
    expect(stopped).not.toHaveBeenCalled()
    write.settle(WRITTEN)
    await stopping
    expect(await Promise.all([first, second])).toEqual([true, false])
    queue.repair(3, null)
    expect(await buckets()).toEqual([])
  })

  it('ends the pause between slices', async () => {
    const { queue, begun, buckets } = setUp()
    for (let bucket = 0; bucket < 8; bucket++) queue.repair(bucket, null)
    for (const { settle } of await begun()) settle(WRITTEN)
    await queue.stop()
    expect(queue.queued).toBe(0)
    expect(await buckets()).toEqual([])
  })

  it('ends the wait for a server that has refused a write', async () => {
    const { queue, begun, next } = setUp()
    queue.repair(1, null)
    ;(await only(next())).fail(refusal())
    await begun()
    expect(vi.getTimerCount()).toBe(1)
    await queue.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
