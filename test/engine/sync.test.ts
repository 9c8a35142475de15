import { describe, expect, it } from 'vitest'
import { Lease } from '#dist/engine/lease.js'
import { engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

const TOKEN = { jti: 'a', exp: FAR_FUTURE }

/** A gate that holds what is asked for until it is let go. */
function holding() {
  const held = new Map<string, () => void>()
  const gate = (label: string): Promise<void> => new Promise((resolve) => held.set(label, resolve))
  const release = async (label: string): Promise<void> => {
    for (let turn = 0; turn < 50 && !held.has(label); turn++) await Promise.resolve()
    const go = held.get(label)
    if (go === undefined)
      throw new Error(`nothing waits at '${label}', but at ${[...held.keys()].join(', ')}`)
    held.delete(label)
    go()
  }
  return { gate, release }
}

/** A store that can say, as a local one can, whether anything was committed since its last complete poll. */
function versioned(store: ModelStore): ModelStore {
  let version = 0
  let delivered = -1
  const poll = store.poll.bind(store)
  store.onCommit = () => {
    version++
  }
  store.poll = (after, limit) => {
    delivered = version
    return poll(after, limit)
  }
  return Object.assign(store, { isCurrent: () => version === delivered })
}

describe('the lease', () => {
  it('runs from before the poll was sent, not from its reply', async () => {
    const clock = new ManualClock()
    const store = new ModelStore()
    const follower = await engineHarness(store, { clock, maxStalenessMs: 100 })
    const writer = await engineHarness(store, { clock, maxStalenessMs: 100 })

    const { gate, release } = holding()
    store.gate = gate
    const polling = follower.sync.poll()
    await release('poll: request') // read: nothing is revoked
    store.gate = undefined
    await writer.writer.revoke(TOKEN)
    clock.advance(90) // the reply takes its time
    await release('poll: reply')
    await polling
    clock.advance(11) // 101 ms after the commit
    expect(follower.lookup.isClearlyActive(TOKEN)).toBe(false)
    await expect(follower.lookup.isRevoked(TOKEN)).resolves.toBe(true)
  })

  it('ends Δ after it began, to the millisecond', () => {
    const clock = new ManualClock()
    const lease = new Lease(clock, 100)
    expect(lease.isLive()).toBe(false)
    expect(lease.ageMs()).toBeNull()
    lease.renew(clock.monotonic())
    clock.advance(99)
    expect(lease.isLive()).toBe(true)
    expect(lease.ageMs()).toBe(99)
    clock.advance(1)
    expect(lease.isLive()).toBe(false)
  })

  it('does not care what the wall clock says', () => {
    const clock = new ManualClock()
    const lease = new Lease(clock, 100)
    lease.renew(clock.monotonic())
    clock.wall -= 3_600_000
    expect(lease.isLive()).toBe(true)
    clock.advance(100)
    expect(lease.isLive()).toBe(false)
  })

  it('of the only owner of a store needs no clock', () => {
    const noClock = {
      monotonic: () => {
        throw new Error('the clock was read')
      },
    }
    const lease = new Lease(noClock, Infinity)
    lease.renew(0n)
    expect(lease.isLive()).toBe(true)
    lease.end()
    expect(() => lease.isLive()).toThrow('the clock was read')
  })
})

describe('the sync', () => {
  it('ends the lease and says so when the clocks disagree, even if the store does not answer', async () => {
    const clock = new ManualClock()
    const store = new ModelStore()
    const { sync, lease, warnings } = await engineHarness(store, { clock, maxStalenessMs: 60_000 })
    await sync.poll()
    store.broken = new Error('gone')
    clock.wall += 500
    await expect(sync.poll()).rejects.toThrow('gone')
    expect(lease.isLive()).toBe(false)
    expect(warnings).toContain('the clock was stepped or the process suspended: the lease ended')
  })

  it('rebuilds the prefilter when the clock is set far back', async () => {
    const clock = new ManualClock()
    const store = new ModelStore()
    const { sync, writer, lookup, live } = await engineHarness(store, {
      clock,
      maxStalenessMs: 100,
      graceSeconds: 60,
    })
    await writer.revoke({ jti: 'short', exp: clock.wall / 1000 + 100 })
    clock.advance(3_600_000)
    await sync.poll()
    await live.rebuild(store)
    expect(live.prefilter.entries).toBe(0)
    clock.wall -= 3_600_000
    await sync.poll()
    expect(live.prefilter.entries).toBe(1)
    await expect(lookup.isRevoked({ jti: 'short' })).resolves.toBe(true)
  })

  it('starts over from a store whose history no longer holds its position', async () => {
    const clock = new ManualClock()
    const store = new ModelStore()
    const restore = store.backup()
    const follower = await engineHarness(store, { clock, maxStalenessMs: 100 })
    await follower.writer.revoke(TOKEN)
    await expect(follower.lookup.check(TOKEN)).resolves.toMatchObject({ status: 'revoked' })
    // Restored from a backup without that change, then changed otherwise up to the same number.
    restore()
    const other = await engineHarness(store, { clock, maxStalenessMs: 100 })
    await other.writer.revoke({ jti: 'b', exp: FAR_FUTURE })
    expect(store.head.seq).toBe(follower.sync.position.seq)
    await follower.sync.poll()
    await expect(follower.lookup.check(TOKEN)).resolves.toMatchObject({ status: 'active' })
    await expect(follower.lookup.check({ jti: 'b' })).resolves.toMatchObject({ status: 'revoked' })
    expect(follower.warnings).toContain('the store was restored or replaced: rebuilding from it')
    expect(follower.checkpoints).toEqual(['rebuilt'])
  })

  it('takes in a long tail in slices, and gives no lease before its end', async () => {
    const clock = new ManualClock()
    const store = new ModelStore()
    const follower = await engineHarness(store, { clock, maxStalenessMs: 100 })
    const other = await engineHarness(store, { clock, maxStalenessMs: 100 })
    await other.writer.revokeMany(
      Array.from({ length: 2500 }, (_, i) => ({ jti: `t${i}`, expiresAt: FAR_FUTURE })),
    )
    clock.advance(100)
    const polling = follower.sync.poll()
    await Promise.resolve()
    expect(follower.live.prefilter.entries).toBeGreaterThan(0)
    expect(follower.lease.isLive()).toBe(false)
    // Nor does a check take in thousands of changes at once: it asks the store.
    expect(follower.lookup.isClearlyActive({ jti: 'none' })).toBe(false)
    await polling
    expect(follower.lease.isLive()).toBe(true)
    expect(follower.live.prefilter.entries).toBe(2500)
    expect(follower.sync.position).toEqual(store.head)
  })

  it('does not read its own changes again, but reads those of others between them', async () => {
    const clock = new ManualClock()
    const store = new ModelStore()
    const mine = await engineHarness(store, { clock, maxStalenessMs: 100 })
    const other = await engineHarness(store, { clock, maxStalenessMs: 100 })
    await mine.writer.revoke(TOKEN)
    expect(mine.sync.position.seq).toBe(1)
    await other.writer.revoke({ jti: 'b', exp: FAR_FUTURE })
    await mine.writer.revoke({ jti: 'c', exp: FAR_FUTURE })
    expect(mine.sync.position.seq).toBe(1)
    await mine.sync.poll()
    expect(mine.sync.position.seq).toBe(3)
    await expect(mine.lookup.isRevoked({ jti: 'b' })).resolves.toBe(true)
  })

  it('renews the lease within a check where the store answers at once', async () => {
    // So no stall sends checks to the store.
    const clock = new ManualClock()
    const store = new ModelStore()
    Object.assign(store, { isCurrent: () => true })
    const { lookup, lease } = await engineHarness(store, { clock, maxStalenessMs: 100 })
    clock.advance(5000)
    expect(lease.isLive()).toBe(false)
    expect(lookup.isClearlyActive(TOKEN)).toBe(true)
    expect(lease.isLive()).toBe(true)
    store.broken = new Error('gone')
    Object.assign(store, {
      isCurrent: () => {
        throw new Error('gone')
      },
    })
    clock.advance(5000)
    expect(lookup.isClearlyActive(TOKEN)).toBe(false)
    await expect(lookup.isRevoked(TOKEN)).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE', statusCode: 503 })
    await expect(lookup.isRevoked(TOKEN, { onUnknown: 'revoked' })).resolves.toBe(true)
    await expect(lookup.isRevoked(TOKEN, { onUnknown: 'active' })).resolves.toBe(false)
    await expect(lookup.check(TOKEN)).resolves.toEqual({
      status: 'unknown',
      decidedBy: 'policy',
      reason: 'gone',
    })
    expect(lookup.decided.policy).toBe(4)
  })

  it('applies what a local store replied before any check can run', async () => {
    // The store says from then on that it was delivered.
    for (const maxStalenessMs of [0, 100]) {
      const clock = new ManualClock()
      const store = versioned(new ModelStore())
      const follower = await engineHarness(store, { clock, maxStalenessMs })
      const other = await engineHarness(store, { clock, maxStalenessMs })
      await follower.sync.poll()
      await other.writer.revoke(TOKEN)
      clock.advance(200)
      const polling = follower.sync.poll()
      expect(follower.lookup.isClearlyActive(TOKEN)).toBe(false)
      await polling
    }
  })

  it('brings the prefilter up to date before each check where Δ is 0', async () => {
    const clock = new ManualClock()
    const store = versioned(new ModelStore())
    const follower = await engineHarness(store, { clock, maxStalenessMs: 0 })
    const other = await engineHarness(store, { clock, maxStalenessMs: 0 })
    expect(follower.lookup.isClearlyActive(TOKEN)).toBe(true)
    await other.writer.revoke(TOKEN)
    expect(follower.lookup.isClearlyActive(TOKEN)).toBe(false)
    await expect(follower.lookup.isRevoked(TOKEN)).resolves.toBe(true)
    // A store that can't say whether it is current is polled.
    Object.assign(store, { isCurrent: undefined })
    expect(follower.lookup.isClearlyActive({ jti: 'z' })).toBe(false)
    await expect(follower.lookup.check({ jti: 'z' })).resolves.toMatchObject({
      status: 'active',
      decidedBy: 'prefilter',
    })
  })
})

describe('the prefilter', () => {
  it('lets expired entries go by a rebuild, and sweeps selectors that have none left', async () => {
    const clock = new ManualClock()
    const store = new ModelStore()
    const { live, sync, writer, checkpoints } = await engineHarness(store, {
      clock,
      maxStalenessMs: 100,
      graceSeconds: 60,
    })
    const soon = clock.wall / 1000 + 100
    await writer.revokeMany(
      Array.from({ length: 2000 }, (_, i) => ({
        jti: `t${i}`,
        iss: 'i',
        expiresAt: i < 1500 ? soon : FAR_FUTURE,
      })),
    )
    await writer.revokeWhere({ sub: 'alice' }, { expiresAt: soon, issuedBefore: soon - 3700 })
    expect(live.liveSelectors.map(({ names }) => names)).toEqual([['sub']])
    expect(live.prefilter.entries).toBe(2001)
    clock.advance(3_600_000)
    await sync.poll()
    await sync.stop()
    expect(live.prefilter.entries).toBe(500)
    expect(live.liveSelectors).toEqual([])
    expect(checkpoints).toEqual(['rebuilt'])
  })

  it('makes a larger filter once it holds more than it was made for', async () => {
    const clock = new ManualClock()
    const store = new ModelStore()
    const prefilter = { kind: 'bloom' as const, expectedRevocations: 1000 }
    const { live, sync, writer } = await engineHarness(store, { clock, maxStalenessMs: 100, prefilter })
    await writer.revokeMany(Array.from({ length: 3000 }, (_, i) => ({ jti: `t${i}`, expiresAt: FAR_FUTURE })))
    clock.advance(10_000)
    await sync.poll()
    await sync.stop()
    expect(live.prefilter.capacity).toBeGreaterThanOrEqual(6000)
    expect(live.prefilter.expectedFalsePositiveRate).toBeLessThan(1e-4)
    expect(live.rebuilds).toBe(2)
  })

  it('warns once of selectors in the store that nobody here looks for', async () => {
    const clock = new ManualClock()
    const { live, warnings } = await engineHarness(new ModelStore(), { clock, maxStalenessMs: 100 })
    live.add(new Int32Array(4), FAR_FUTURE, ['client_id'])
    live.add(Int32Array.of(1, 2, 3, 4), FAR_FUTURE, ['client_id'])
    expect(live.notHonoured).toEqual([['client_id']])
    expect(warnings.filter((warning) => warning.includes('client_id'))).toHaveLength(1)
  })
})

describe('a rebuild that failed', () => {
  it('is tried again only after the store was polled, which looks whether its file is in place', async () => {
    const store = new ModelStore()
    const clock = new ManualClock()
    const { sync } = await engineHarness(store, { clock, maxStalenessMs: 1000 })
    const asked: string[] = []
    const poll = store.poll.bind(store)
    store.poll = (...args) => {
      asked.push('poll')
      return asked.length === 1 ? { status: 'diverged' } : poll(...args)
    }
    store.scan = () => {
      asked.push('scan')
      throw new Error('the file is away')
    }
    await expect(sync.poll()).rejects.toThrow('the file is away')
    await expect(sync.poll()).rejects.toThrow('the file is away')
    expect(asked).toEqual(['poll', 'scan', 'poll', 'scan'])
  })
})
