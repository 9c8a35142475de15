import { join } from 'node:path'
import { createRevocade, type Digest, type Revocade, type StoredRow } from 'revocade'
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'
import { inSeconds, nowSeconds } from '../support/time.js'

// Promise 5 has one exception: where the store can't be asked, what Redis holds revokes, and says so.

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
  return redis.stop
})
beforeEach(() => redis.command('FLUSHALL'))

/** A store whose rows can't be read any more when a test says so; it can be followed still. */
class FailingStore extends SqliteStore {
  failing = false

  override get(digest: Digest): StoredRow | undefined {
    if (this.failing) throw new Error('the disk is gone')
    return super.get(digest)
  }
}

const NOW = nowSeconds()
const EXP = NOW + 3600

async function open(
  reads: 'before-store' | 'when-store-fails' = 'before-store',
): Promise<{ engine: Revocade; store: FailingStore; ready: () => Promise<void> }> {
  const path = temporaryDirectory()
  const store = new FailingStore(join(path, 'store.db'), { integrityCheckDelayMs: Infinity })
  const engine = await createRevocade({
    // Nothing is cached: each check goes all the way down.
    store,
    redis: { url: redis.url, reads },
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

describe('a store that can not be asked', () => {
  it('what Redis holds is revoked, by the word of Redis; what it proves not to hold is active', async () => {
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

  it('the same where Redis is to be asked last: it was not asked before', async () => {
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
    // That look has the bucket written again.
    await expect.poll(() => engine.check(other)).toEqual({ status: 'active', decidedBy: 'redis' })
  })

  it('without the proof it is unknown, and the policy decides', async () => {
    const { engine, store, ready } = await open()
    await ready()
    const other = falsePositive(engine)
    store.failing = true
    await redis.command('FLUSHALL')
    // Both at once: the first look has the bucket written again.
    const checks = [engine.check(other), engine.check({ jti: 't1' }, { onUnknown: 'revoked' })]
    await expect(checks[0]).resolves.toMatchObject({ status: 'unknown', decidedBy: 'policy' })
    await expect(checks[1]).resolves.toMatchObject({ status: 'revoked', decidedBy: 'policy' })
    expect(engine.stats().decided).toMatchObject({ policy: 2 })
  })

  it('a selector revokes by its cutoff', async () => {
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
    // Redis says of later ones only that they are not revoked by this; the store has the last word on the digest, and can't be asked.
    await expect(engine.check({ ...token, iat: NOW })).resolves.toMatchObject({
      status: 'unknown',
      decidedBy: 'policy',
    })
  })

  it('nor does what has expired revoke', async () => {
    const { engine, store, ready } = await open()
    await engine.revoke({ jti: 'short', exp: inSeconds(2) })
    await ready()
    store.failing = true
    await expect(engine.check({ jti: 'short' })).resolves.toMatchObject({
      status: 'revoked',
      decidedBy: 'redis',
    })
    await expect
      .poll(async () => (await engine.check({ jti: 'short' })).status, { timeout: 5000 })
      .toBe('unknown')
  })
})
