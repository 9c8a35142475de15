import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { RedisLayer } from '#dist/redis/redis-layer.js'
import { engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { GatedClient } from '../support/redis/gated-client.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

// A restored store assigns its change numbers again, while Redis still has buckets of the discarded changes.
// In most tests nothing is written to Redis after the restore, so that an engine meets the old buckets.

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
  return redis.stop
})
beforeEach(() => redis.command('FLUSHALL'))

const [A, B, C] = ['a', 'b', 'c'].map((jti) => ({ jti, exp: FAR_FUTURE }))

async function engineOn(store: ModelStore, clock: ManualClock) {
  const client = redis.client()
  await client.ping()
  const commands = new GatedClient(client)
  const ignore = (): void => undefined
  const layer = new RedisLayer({
    connections: { commands, subscriber: commands.duplicate(), handedIn: true, description: 'test' },
    timeoutMs: 5000,
    keyPrefix: 'test',
    reads: 'before-store',
    storeId: 'model',
    namespace: 'default',
    source: store.buckets,
    clock,
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  })
  await layer.start()
  onTestFinished(() => layer.close())
  const engine = await engineHarness(store, {
    clock,
    maxStalenessMs: 1000,
    prefilter: { kind: 'none' },
    shared: layer,
  })
  /** From now on Redis can be read, but not written. */
  const freeze = (): void => {
    commands.gate = (label) =>
      label.startsWith('EVAL') ? Promise.reject(new Error('frozen')) : Promise.resolve()
  }
  return { ...engine, layer, freeze }
}

/** Redis has the bucket of change 3, with c alone. The store is back at change 1, with b alone. */
async function restored() {
  const clock = new ManualClock()
  const store = new ModelStore()
  const first = await engineOn(store, clock)
  await first.writer.revoke(B)
  const restore = store.backup()
  await first.writer.unrevoke(B)
  await expect(first.writer.revoke(C)).resolves.toMatchObject({ seq: 3, redis: 'written' })
  await first.sync.poll()
  first.freeze()
  restore()
  return { clock, store, first }
}

describe('After a restore of the store, an engine', () => {
  it('finds its own commit, whose change number was used before', async () => {
    const { first } = await restored()
    await expect(first.writer.revoke(A)).resolves.toMatchObject({ seq: 2, redis: 'queued' })
    await expect(first.lookup.check(A)).resolves.toMatchObject({ status: 'revoked', decidedBy: 'store' })
  })

  it('does not trust a bucket with a higher change number', async () => {
    const { store, clock } = await restored()
    const second = await engineOn(store, clock)
    second.freeze()
    await second.sync.poll()
    await expect(second.lookup.check(B)).resolves.toMatchObject({ status: 'revoked', decidedBy: 'store' })
  })

  it('does not trust a bucket with the same number of a discarded history', async () => {
    const { store, clock, first } = await restored()
    await first.writer.revoke(A)
    await first.writer.revoke({ jti: 'd', exp: FAR_FUTURE })
    expect(store.head.seq).toBe(3)
    const second = await engineOn(store, clock)
    second.freeze()
    await second.sync.poll()
    await expect(second.lookup.check(A)).resolves.toMatchObject({ status: 'revoked', decidedBy: 'store' })
  })

  it('overwrites the buckets in Redis, whatever their number', async () => {
    const { store, clock } = await restored()
    const second = await engineOn(store, clock)
    await expect.poll(() => second.layer.stats().complete).toBe(true)
    await second.sync.poll()
    await expect(second.lookup.check(C)).resolves.toMatchObject({ status: 'active', decidedBy: 'redis' })
    await expect(second.lookup.check(B)).resolves.toMatchObject({ status: 'revoked', decidedBy: 'store' })
  })

  it('rebuilds if its own commit is lost, even if its position is in the backup', async () => {
    const clock = new ManualClock()
    const store = new ModelStore()
    const [first, other] = [await engineOn(store, clock), await engineOn(store, clock)]
    await first.writer.revoke(B)
    const restore = store.backup()
    await other.sync.poll()
    await other.writer.unrevoke(B)
    // The position of the first engine stays before the change of the other one. Redis has version 3.
    await expect(first.writer.revoke(C)).resolves.toMatchObject({ seq: 3, redis: 'written' })
    for (const engine of [first, other]) engine.freeze()
    restore()
    await first.sync.poll()
    await expect(first.lookup.check(B)).resolves.toMatchObject({ status: 'revoked', decidedBy: 'store' })
    expect(first.warnings).toContain('the store was restored or replaced: rebuilding from it')
  })

  it('drops a cached verdict from a change that it had not followed yet', async () => {
    const clock = new ManualClock()
    const store = new ModelStore()
    const [first, other] = [await engineOn(store, clock), await engineOn(store, clock)]
    const restore = store.backup()
    await other.writer.revoke(A)
    for (const engine of [first, other]) engine.freeze()
    await expect(first.lookup.check(A)).resolves.toMatchObject({ status: 'revoked', decidedBy: 'store' })
    restore()
    await first.sync.poll()
    await expect(first.lookup.check(A)).resolves.toMatchObject({ status: 'active' })
  })
})
