import { EventEmitter } from 'node:events'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { RedisClient } from '#dist/redis/connection/client.js'
import { RedisNotifier } from '#dist/redis/prefix-cache/notifier.js'

/** A subscription whose messages the test makes. */
class FakeSubscriber extends EventEmitter {
  status = 'ready'
  subscribe = (): Promise<void> => Promise.resolve()
  disconnect = (): void => undefined

  receive(message: string): void {
    this.emit('message', 'channel', message)
  }
}

function notifierOf() {
  const subscriber = new FakeSubscriber()
  const published: string[][] = []
  const logged: string[] = []
  const note = (_: object, message: string): void => void logged.push(message)
  const notifier = new RedisNotifier({
    subscriber: subscriber as unknown as RedisClient,
    commands: {
      available: true,
      send: (_command, ...args) => Promise.resolve(published.push(args.map(String))),
    },
    channel: 'channel',
    logger: { debug: note, info: note, warn: note, error: note },
  })
  notifier.start()
  return { notifier, subscriber, published, logged }
}

const fail = (): never => {
  throw new Error('the store cannot be read')
}

describe('RedisNotifier', () => {
  it('drops messages that arrive before a listener is set, and counts them', () => {
    const { notifier, subscriber, published } = notifierOf()
    subscriber.receive('wake 7')
    subscriber.receive('figures watcher')
    expect(published).toEqual([])
    expect(notifier.stats()).toMatchObject({ sent: 0, received: 2 })
  })

  it('passes wake-ups on, and answers with the statistics', () => {
    const { notifier, subscriber, published } = notifierOf()
    const woken: number[] = []
    notifier.listen({ onWake: (seq) => woken.push(seq), engineStats: () => ({ store: { seq: 7 } }) })
    for (const message of ['wake 7', 'figures watcher', 'wake -1', 'wake', 'figures a b', 'figures *', ''])
      subscriber.receive(message)
    expect(woken).toEqual([7])
    expect(published.map(([channel]) => channel)).toEqual(['channel:watcher', 'channel:a'])
    expect(JSON.parse(published[0]?.[1] ?? '')).toMatchObject({
      engine: expect.any(String) as string,
      store: { seq: 7 },
    })
  })

  it('lets no exception of a listener out of the message event', () => {
    const { notifier, subscriber, published, logged } = notifierOf()
    notifier.listen({ onWake: fail, engineStats: fail })
    subscriber.receive('wake 7')
    subscriber.receive('figures watcher')
    notifier.listen({ onWake: fail, engineStats: () => ({ seq: 7n }) })
    subscriber.receive('figures watcher')
    expect(published).toEqual([])
    expect(logged).toHaveLength(3)
  })

  it('answers a flood of questions fifty times a second', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    vi.advanceTimersByTime(60_000)
    const { notifier, subscriber, published } = notifierOf()
    let asked = 0
    notifier.listen({ onWake: fail, engineStats: () => ({ asked: ++asked }) })
    for (let i = 0; i < 1000; i++) subscriber.receive(`figures asker${i}`)
    expect([asked, published.length]).toEqual([50, 50])
    vi.advanceTimersByTime(999)
    subscriber.receive('figures late')
    expect(asked).toBe(50)
    vi.advanceTimersByTime(1)
    for (let i = 0; i < 1000; i++) subscriber.receive('figures again')
    expect(asked).toBe(100)
    expect(notifier.stats().received).toBe(2001)
  })

  it('does not look at a long message', () => {
    const { notifier, subscriber, published, logged } = notifierOf()
    notifier.listen({ onWake: fail, engineStats: () => ({}) })
    subscriber.receive(`wake 7 ${'x'.repeat(1000)}`)
    subscriber.receive(`figures a ${'x'.repeat(1000)}`)
    expect([published, logged]).toEqual([[], []])
  })

  it('calls no listener once it is closed', () => {
    const { notifier, subscriber, published } = notifierOf()
    notifier.listen({ onWake: fail, engineStats: () => ({}) })
    notifier.close()
    subscriber.receive('wake 7')
    subscriber.receive('figures watcher')
    expect(published).toEqual([])
  })
})
