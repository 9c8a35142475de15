import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { RedisLayer } from '#dist/redis/redis-layer.js'
import { ModelStore } from '../support/model-store.js'
import { GatedClient } from '../support/redis/gated-client.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { engineHarness } from '../support/engine-harness.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

// A restored store gives its numbers out again, while Redis still holds what they meant before. Nobody writes to Redis here
// after the restoration: what an engine makes of the old content alone is looked at.

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
  /** From now on Redis can be read, and not written. */
  const freeze = (): void => {
    commands.gate = (label) =>
      label.startsWith('EVAL') ? Promise.reject(new Error('frozen')) : Promise.resolve()
  }
  return { ...engine, layer, freeze }
}

/** Redis holds the bucket as of change 3, with c alone; the store, as of change 1, holds b alone. */
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

describe('a restored store, and a Redis of before', () => {
  it('what an engine commits with a number that was there before is found by it at once', async () => {
    const { first } = await restored()
    await expect(first.writer.revoke(A)).resolves.toMatchObject({ seq: 2, redis: 'queued' })
    await expect(first.lookup.check(A)).resolves.toMatchObject({ status: 'revoked', decidedBy: 'store' })
  })

  it('what Redis bears a higher number for than the store has is not taken for newer', async () => {
    const { store, clock } = await restored()
    const second = await engineOn(store, clock)
    second.freeze()
    await second.sync.poll()
    await expect(second.lookup.check(B)).resolves.toMatchObject({ status: 'revoked', decidedBy: 'store' })
  })

  it('what Redis bears the same number for, but of another history, proves nothing', async () => {
    const { store, clock, first } = await restored()
    await first.writer.revoke(A)
    await first.writer.revoke({ jti: 'd', exp: FAR_FUTURE })
    expect(store.head.seq).toBe(3)
    const second = await engineOn(store, clock)
    second.freeze()
    await second.sync.poll()
    await expect(second.lookup.check(A)).resolves.toMatchObject({ status: 'revoked', decidedBy: 'store' })
  })

  it('is written over what Redis holds, whatever its number', async () => {
    const { store, clock } = await restored()
    const second = await engineOn(store, clock)
    await expect.poll(() => second.layer.stats().complete).toBe(true)
    await second.sync.poll()
    await expect(second.lookup.check(C)).resolves.toMatchObject({ status: 'active', decidedBy: 'redis' })
    await expect(second.lookup.check(B)).resolves.toMatchObject({ status: 'revoked', decidedBy: 'store' })
  })

  it('what an engine committed ahead of what it had read makes it start over, though its position is in the backup', async () => {
    const clock = new ManualClock()
    const store = new ModelStore()
    const [first, other] = [await engineOn(store, clock), await engineOn(store, clock)]
    await first.writer.revoke(B)
    const restore = store.backup()
    await other.sync.poll()
    await other.writer.unrevoke(B)
    // Ahead of the position, which stays before the other's change; Redis bears the version of this one.
    await expect(first.writer.revoke(C)).resolves.toMatchObject({ seq: 3, redis: 'written' })
    for (const engine of [first, other]) engine.freeze()
    restore()
    await first.sync.poll()
    await expect(first.lookup.check(B)).resolves.toMatchObject({ status: 'revoked', decidedBy: 'store' })
    expect(first.warnings).toContain('the store was restored or replaced: rebuilding from it')
  })

  it('what the store said ahead of what an engine had read is not kept', async () => {
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
