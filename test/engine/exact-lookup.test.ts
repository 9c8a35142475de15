import { describe, expect, it } from 'vitest'
import { ExactLookup } from '#dist/engine/exact-lookup.js'
import { VerdictCache } from '#dist/engine/verdict-cache.js'
import type { PrefixCache, PrefixReply } from '#dist/ports/prefix-cache.js'
import { engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

const TOKEN = { jti: 'a', exp: FAR_FUTURE }

/** A gate that holds back what a test names, until it is opened. */
function holding(what: string): {
  gate: (label: string) => Promise<void>
  held: () => number
  open: () => void
} {
  let waiting: (() => void)[] = []
  return {
    gate: (label) =>
      label === what ? new Promise((resolve) => void waiting.push(resolve)) : Promise.resolve(),
    held: () => waiting.length,
    open: () => {
      for (const resolve of waiting) resolve()
      waiting = []
    },
  }
}

describe('many checks of one digest', () => {
  it('ask the store once', async () => {
    const store = new ModelStore()
    const { lookup } = await engineHarness(store, {
      clock: new ManualClock(),
      maxStalenessMs: 1000,
      prefilter: { kind: 'none' },
    })
    const requests = holding('get: request')
    store.gate = requests.gate
    const checks = Array.from({ length: 100 }, () => lookup.check(TOKEN))
    await expect.poll(requests.held).toBe(1)
    requests.open()
    for (const verdict of await Promise.all(checks))
      expect(verdict).toMatchObject({ status: 'active', decidedBy: 'store' })
    await expect(lookup.check(TOKEN)).resolves.toMatchObject({ decidedBy: 'cache' })
  })

  it('do not share an answer that was asked for before a change', async () => {
    const store = new ModelStore()
    const { lookup, writer } = await engineHarness(store, {
      clock: new ManualClock(),
      maxStalenessMs: 1000,
      prefilter: { kind: 'none' },
    })
    const replies = holding('get: reply')
    store.gate = replies.gate
    const before = lookup.check(TOKEN)
    await expect.poll(replies.held).toBe(1)
    await writer.revoke(TOKEN)
    const after = lookup.check(TOKEN)
    await expect.poll(replies.held).toBe(2)
    replies.open()
    await before
    await expect(after).resolves.toMatchObject({ status: 'revoked' })
    await expect(lookup.check(TOKEN)).resolves.toMatchObject({ status: 'revoked' })
  })
})

describe('an answer of Redis that is proven in one turn', () => {
  const digest = Int32Array.of(1, 2, 3, 4)
  const reply: PrefixReply = { bucket: 0, bits: 0, version: null, entry: null }

  /** A prefix cache that proves everything; `then` runs as soon as the event loop can, after the proof. */
  function proving(then: () => void): Pick<PrefixCache, 'lookup' | 'isCurrent'> {
    return {
      lookup: () => Promise.resolve(reply),
      isCurrent: () => {
        queueMicrotask(then)
        return true
      },
    }
  }

  it('is cached in that turn, before a change that comes next', async () => {
    const cache = new VerdictCache(10)
    const look = new ExactLookup(cache, new ModelStore(), proving(() => cache.forget(digest)) as PrefixCache)
    await expect(look.find(digest, true)).resolves.toEqual({ row: null, by: 'redis' })
    expect(cache.get(digest)).toBeUndefined()
  })

  it('counts for nothing where the prefilter is not current', async () => {
    const store = new ModelStore()
    const failure = new Error('no store')
    store.gate = () => Promise.reject(failure)
    const look = new ExactLookup(
      new VerdictCache(10),
      store,
      proving(() => undefined) as PrefixCache,
      'when-store-fails',
    )
    await expect(look.find(digest, false)).rejects.toBe(failure)
    await expect(look.find(digest, true)).resolves.toEqual({ row: null, by: 'redis' })
  })

  it('is kept where no change comes', async () => {
    const cache = new VerdictCache(10)
    const look = new ExactLookup(cache, new ModelStore(), proving(() => undefined) as PrefixCache)
    await look.find(digest, true)
    expect(cache.get(digest)).toBeNull()
  })
})
