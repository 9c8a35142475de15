import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { createRevocade } from 'revocade'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { assertKnows, CheckPeer } from '../../bench/engines/peers/checking.js'
import { ExpressJwtBlacklist } from '../../bench/engines/peers/express-jwt-blacklist.js'
import { type LetThrough, lettingThrough, type Situation } from '../../bench/engines/peers/let-through.js'
import { connectRedisPeers, fillRedis } from '../../bench/engines/peers/on-redis.js'
import type { Peer } from '../../bench/engines/peers/peer.js'
import { RevocadePeer } from '../../bench/engines/peers/revocade.js'
import { SetWithTtl } from '../../bench/engines/peers/set-with-ttl.js'
import { SqlitePeer } from '../../bench/engines/peers/sqlite.js'
import { interleave } from '../../bench/harness/measure.js'
import type { Context } from '../../bench/harness/types.js'
import { es256Keys, respell } from '../../bench/inputs/malleable-tokens.js'
import { hmacKey, pools } from '../../bench/inputs/tokens.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'
import { inSeconds, nowSeconds } from '../support/time.js'

const directory = temporaryDirectory()
const context: Context = { scale: 'test', seed: 'peers', directory, record: () => undefined }
const made = pools(context, { active: 50, revoked: 50 })

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
  return redis.stop
})

async function revokeAll(peer: Peer): Promise<void> {
  for (let i = 0; i < made.revoked.size; i++) {
    const { token, claims } = made.revoked.fresh(i)
    await peer.revoke(token, claims)
  }
}

describe('what is compared knows what is revoked, and nothing else is', () => {
  it('in the process', async () => {
    const engine = await createRevocade({ store: join(directory, 'engine.db') })
    onTestFinished(() => engine.close())
    await using set = new SetWithTtl()
    await using sqlite = new SqlitePeer(join(directory, 'sqlite.db'))
    for (const peer of [
      set,
      sqlite,
      new RevocadePeer(engine, 'raw JWT'),
      new RevocadePeer(engine, 'claims'),
    ]) {
      await revokeAll(peer)
      await assertKnows(peer, made, 50)
    }
  })

  it('in Redis', async () => {
    await fillRedis(redis.url, hmacKey(context), made)
    await using peers = await connectRedisPeers(redis.url, hmacKey(context))
    for (const peer of [...peers.alone, ...peers.together]) await assertKnows(peer, made, 50)
  })

  it('until the revocation has expired', async () => {
    await using set = new SetWithTtl()
    await using sqlite = new SqlitePeer(join(directory, 'expired.db'))
    for (const peer of [set, sqlite]) {
      const claims = { jti: 'expired', exp: inSeconds(-1) }
      peer.revoke('', claims)
      expect(peer.isRevoked('', claims)).toBe(false)
    }
  })
})

describe('a peer under measurement', () => {
  const answering = (name: string, isRevoked: Peer['isRevoked']): Peer => ({
    name,
    isRevoked,
    revoke: () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  })
  const half = { pools: made, share: 0.5, different: Infinity, offset: 0 }

  it.each([1, 64])('is asked about revoked tokens and others, %d at a time', async (inFlight) => {
    await using set = new SetWithTtl()
    await revokeAll(set)
    await interleave([new CheckPeer(set, { ...half, inFlight })], { rounds: 2, batch: 64 })
    // Swapped, the number of the revoked is right still.
    for (const wrong of [
      answering('no', () => false),
      answering('yes', () => true),
      answering('swapped', (token, claims) => !set.isRevoked(token, claims)),
    ]) {
      await expect(
        interleave([new CheckPeer(wrong, { ...half, inFlight })], { rounds: 2, batch: 64 }),
      ).rejects.toThrow(`wrong answer: ${wrong.name}`)
    }
  })

  it('gets new strings each time', () => {
    const [first, second] = [made.active.fresh(1), made.active.fresh(1)]
    expect(first).toEqual(second)
    expect(first.claims).not.toBe(second.claims)
  })
})

describe('what lets revoked tokens through', () => {
  const COUNT = 4
  let results: LetThrough[]
  beforeAll(async () => {
    const own = await startRedis()
    try {
      results = await lettingThrough(context, own.url, COUNT)
    } finally {
      await own.stop()
    }
  })
  const through = (situation: Situation): Record<string, number> =>
    Object.fromEntries(
      results
        .filter((one) => one.situation === situation && one.through > 0)
        .map((one) => [one.peer, one.through]),
    )

  it('respelt tokens: a key of the whole token', () => {
    expect(through('respelt')).toEqual({ 'ioredis EXISTS token': 4 * COUNT })
  })

  it('tokens of a user revoked at once: a list per user that is read, changed and written back', () => {
    expect(through('together')).toEqual({ 'express-jwt-blacklist by sub': COUNT - 1 })
  })

  it('errors of Redis: who takes them for "not there"', () => {
    expect(through('errors')).toEqual({
      'express-jwt-blacklist': COUNT,
      'express-jwt-blacklist by sub': COUNT,
    })
  })

  it('is recorded', () => {
    for (const { through, measured } of results) expect(measured.falseNegatives).toBe(through)
    expect(results).toHaveLength(9 * 3)
  })
})

it('express-jwt-blacklist by sub forgets a revocation when a later one of that user expires', async () => {
  const own = await startRedis()
  await using peer = ExpressJwtBlacklist.connect(own.url, 'sub')
  const iat = nowSeconds()
  await peer.revoke('', { sub: 'alice', jti: 'long', iat: iat - 1, exp: iat + 3600 })
  await peer.revoke('', { sub: 'alice', jti: 'short', iat, exp: iat + 2 })
  expect(await own.command('TTL', 'jwt-blacklist:alice')).toBeLessThanOrEqual(2)
})

describe('a respelt token', () => {
  const claims = { iss: 'issuer', sub: 'alice', exp: inSeconds(3600) }

  it('is accepted by jose in all four ways, by the others with other spare bits or n − s', async () => {
    const { spellings } = await respell(claims, es256Keys())
    expect(Object.fromEntries(spellings.map(({ way, acceptedBy }) => [way, acceptedBy]))).toEqual({
      'other spare bits': ['jose', 'jsonwebtoken', 'fast-jwt'],
      'n − s': ['jose', 'jsonwebtoken', 'fast-jwt'],
      padding: ['jose'],
      'white space': ['jose'],
    })
  })

  it.each([
    ['with a jti', { ...claims, jti: '7f2c' }],
    ['without, named by its hash', claims],
  ])('is the same token to this engine: %s', async (_, one) => {
    const engine = await createRevocade({ store: join(mkdtempSync(join(directory, 'respelt-')), 'store.db') })
    onTestFinished(() => engine.close())
    const { token, spellings } = await respell(one, es256Keys())
    await engine.revoke(token)
    expect(spellings).toHaveLength(4)
    for (const spelling of spellings) {
      expect(
        [engine.isClearlyActive(spelling.token), await engine.isRevoked(spelling.token)],
        spelling.way,
      ).toEqual([false, true])
    }
    const other = await respell({ ...one, sub: 'bob', jti: 'other' }, es256Keys())
    expect(await engine.isRevoked(other.token)).toBe(false)
  })
})
