import { expect, it } from 'vitest'
import { Engine } from '#dist/engine/engine.js'
import { readOptions } from '#dist/options.js'
import type { Notifier, NotifierListener } from '#dist/ports/notifier.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import { ModelStore } from '../support/model-store.js'

/** A notifier whose listener is asked for statistics by every message, from the very first one on. */
class TestNotifier implements Notifier {
  listener: NotifierListener | undefined
  readonly answers: object[] = []

  listen(listener: NotifierListener): void {
    this.listener = listener
    this.ask()
  }

  ask(): void {
    if (this.listener !== undefined) this.answers.push(this.listener.engineStats())
  }

  announce(): void {
    // Nobody else listens.
  }

  stats(): { listening: boolean; sent: number; received: number } {
    return { listening: true, sent: 0, received: 0 }
  }

  close(): void {
    this.listener = undefined
  }
}

it('Engine.start answers a request for statistics during a slow start', async () => {
  const store = new ModelStore()
  const info = { id: 'store', key: new Uint8Array(16).fill(7) }
  const notifier = new TestNotifier()
  let polls = 0
  const poll = store.poll.bind(store)
  store.poll = (...args) => {
    polls++
    notifier.ask()
    const reply = poll(...args)
    // Two slices of a long tail: the event loop turns between them, and messages arrive.
    const isOk = !(reply instanceof Promise) && reply.status === 'ok'
    return polls < 3 && isOk ? { ...reply, more: true } : reply
  }
  const redis = { notifier, stats: () => ({}) as never, close: () => Promise.resolve() }
  const settings = readOptions({ snapshot: false })
  const prefilter = await createPrefilter({ kind: 'exact' })
  const engine = await Engine.start({ settings, store, info, prefilter, redis })
  expect(polls).toBe(3)
  expect(notifier.answers).toHaveLength(1)
  expect(notifier.answers[0]).toMatchObject({ lease: { live: true } })
  await engine.close()
})
