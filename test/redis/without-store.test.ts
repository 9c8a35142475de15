import { join } from 'node:path'
import { createRevocade, type Digest, type Revocade, type StoredRow } from 'revocade'
import type { DecidingRow } from 'revocade/ports'
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'
import { inSeconds, nowSeconds } from '../support/time.js'

// Promise 5 has one exception: if the store can't be read, an entry in Redis revokes. The verdict says so.

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
  return redis.stop
})
beforeEach(() => redis.command('FLUSHALL'))

/** A store whose rows can't be read while `failing` is set. Its changes can still be followed. */
class FailingStore extends SqliteStore {
  failing = false
  /** Without its buckets, nothing can be written to Redis. */
  bucketsFail = false

  constructor(path: string) {
    super(path, { integrityCheckDelayMs: Infinity })
    const whole = { ...this.buckets }
    this.buckets.read = (...asked) => {
      if (this.bucketsFail) throw new Error('the disk is gone')
      return whole.read(...asked)
    }
  }

  override get(digest: Digest): StoredRow | undefined {
    if (this.failing) throw new Error('the disk is gone')
    return super.get(digest)
  }

  override getDeciding(digest: Digest): DecidingRow | undefined {
    if (this.failing) throw new Error('the disk is gone')
    return super.getDeciding(digest)
  }
}

const NOW = nowSeconds()
const EXP = NOW + 3600

async function open(
  reads: 'before-store' | 'when-store-fails' = 'before-store',
): Promise<{ engine: Revocade; store: FailingStore; ready: () => Promise<void> }> {
  const path = temporaryDirectory()
  const store = new FailingStore(join(path, 'store.db'))
  const engine = await createRevocade({
    // Without a verdict cache each check asks Redis or the store.
    store,
    redis: { url: redis.url, reads, timeoutMs: 10_000 },
    prefilter: { kind: 'trie', prefixBits: 8 },
    cacheEntries: 0,
    maxTokenLifetimeSeconds: 3600,
    clockToleranceSeconds: 0,
  })
  onTestFinished(() => engine.close())
  await engine.revokeMany(Array.from({ length: 60 }, (_, i) => ({ jti: `t${i}`, expiresAt: EXP })))
  return { engine, store, ready: () => expect.poll(() => engine.stats().redis?.complete).toBe(true) }
}

function falsePositive(engine: Revocade): { jti: string } {
  for (let i = 0; ; i++) if (!engine.isClearlyActive({ jti: `other-${i}` })) return { jti: `other-${i}` }
}

describe('While the store fails', () => {
  it('Redis decides: an entry revokes, a proven absence is active', async () => {
    const { engine, store, ready } = await open()
    await ready()
    const other = falsePositive(engine)
    store.failing = true
    const verdict = await engine.check({ jti: 't1' })
    expect(verdict).toMatchObject({ status: 'revoked', decidedBy: 'redis' })
    expect(verdict).not.toHaveProperty('revocation')
    await expect(engine.isRevoked({ jti: 't1' })).resolves.toBe(true)
    await expect(engine.check(other)).resolves.toEqual({ status: 'active', decidedBy: 'redis' })
    expect(engine.stats().decided).toMatchObject({ redis: 3, policy: 0 })
  })

  it('Redis is asked for the first time with reads when-store-fails', async () => {
    const { engine, store, ready } = await open('when-store-fails')
    await ready()
    const other = falsePositive(engine)
    await expect(engine.check({ jti: 't1' })).resolves.toMatchObject({
      status: 'revoked',
      decidedBy: 'store',
    })
    expect(engine.stats().redis?.lookups).toBe(0)
    store.failing = true
    await expect(engine.check({ jti: 't1' })).resolves.toMatchObject({
      status: 'revoked',
      decidedBy: 'redis',
    })
    await expect(engine.check(other)).resolves.toEqual({ status: 'active', decidedBy: 'redis' })
    await redis.command('FLUSHALL')
    await expect(engine.check(other)).resolves.toMatchObject({ status: 'unknown', decidedBy: 'policy' })
    // The check has queued the bucket for a repair.
    await expect.poll(() => engine.check(other)).toEqual({ status: 'active', decidedBy: 'redis' })
  })

  it('the policy decides if Redis proves nothing', async () => {
    const { engine, store, ready } = await open()
    await ready()
    const other = falsePositive(engine)
    store.failing = true
    store.bucketsFail = true // or the emptied Redis might be filled again before the checks
    await redis.command('FLUSHALL')
    const checks = [engine.check(other), engine.check({ jti: 't1' }, { onUnknown: 'revoked' })]
    await expect(checks[0]).resolves.toMatchObject({ status: 'unknown', decidedBy: 'policy' })
    await expect(checks[1]).resolves.toMatchObject({ status: 'revoked', decidedBy: 'policy' })
    expect(engine.stats().decided).toMatchObject({ policy: 2 })
  })

  it('a selector in Redis revokes by its cutoff', async () => {
    const { engine, store, ready } = await open()
    await engine.revokeWhere({ sub: 'alice' }, { issuedBefore: NOW - 100 })
    await ready()
    store.failing = true
    const token = { jti: 'a', sub: 'alice' }
    await expect(engine.check({ ...token, iat: NOW - 200 })).resolves.toMatchObject({
      status: 'revoked',
      decidedBy: 'redis',
    })
    await expect(engine.check(token)).resolves.toMatchObject({ status: 'revoked', decidedBy: 'redis' })
    // For a later token Redis has an entry that does not revoke it. Only the store could decide.
    await expect(engine.check({ ...token, iat: NOW })).resolves.toMatchObject({
      status: 'unknown',
      decidedBy: 'policy',
    })
  })

  it('an entry in Redis that may start later does not revoke, nor is it an absence', async () => {
    const { engine, store, ready } = await open()
    await engine.revoke({ jti: 'later', exp: EXP }, { notBefore: NOW + 1800 })
    await ready()
    const pending = expect.objectContaining({ notBefore: new Date((NOW + 1800) * 1000) }) as unknown
    const verdict = { status: 'active', decidedBy: 'store', pending }
    await expect(engine.check({ jti: 'later' })).resolves.toEqual(verdict)
    store.failing = true
    const undecided = { status: 'unknown', decidedBy: 'policy' }
    await expect(engine.check({ jti: 'later' })).resolves.toMatchObject(undecided)
    store.failing = false
    await engine.revoke({ jti: 'later', exp: EXP })
    await ready()
    store.failing = true
    await expect
      .poll(() => engine.check({ jti: 'later' }))
      .toMatchObject({ status: 'revoked', decidedBy: 'redis' })
  })

  it('an expired entry in Redis does not revoke', async () => {
    const { engine, store, ready } = await open()
    await engine.revoke({ jti: 'short', exp: inSeconds(5) })
    await ready()
    store.failing = true
    await expect(engine.check({ jti: 'short' })).resolves.toMatchObject({
      status: 'revoked',
      decidedBy: 'redis',
    })
    await expect
      .poll(async () => (await engine.check({ jti: 'short' })).status, { timeout: 20_000 })
      .toBe('unknown')
  })
})
