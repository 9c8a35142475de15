import { createHmac, generateKeyPairSync } from 'node:crypto'
import { generateKeyPair, jwtVerify, SignJWT } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { MemoryStore } from 'revocade/testing'
import { createVerifier } from 'revocade/verify'
import { describe, expect, it } from 'vitest'
import { open } from '../support/engine.js'
import { ourError } from '../support/errors.js'
import { ManualClock, until } from '../support/time.js'

/** An ES256 key of jose, an engine whose clock the test sets, and what counts the verifications. */
async function world(maxStalenessMs = 60_000) {
  const clock = new ManualClock()
  const store = new MemoryStore()
  const engine = await open({ store, clock, maxStalenessMs, maxTokenLifetimeSeconds: 3600 })
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const counts = { verified: 0 }
  const verify = async (token: string) => {
    counts.verified++
    return (await jwtVerify(token, publicKey, { currentDate: new Date(clock.now()) })).payload
  }
  const sign = (claims: object = {}, kid = 'k1') =>
    new SignJWT({ sub: 'u', iat: clock.now() / 1000, exp: clock.now() / 1000 + 3600, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid })
      .setJti(crypto.randomUUID())
      .sign(privateKey)
  return { clock, store, engine, verify, counts, sign, verified: createVerifier(engine, { verify }) }
}

describe('a verified token', () => {
  it('is verified once, and again if any one character is another (V1)', async () => {
    const { verified, counts, sign } = await world()
    const token = await sign()
    for (let n = 0; n < 5; n++) expect(await verified(token)).toMatchObject({ sub: 'u' })
    expect(counts.verified).toBe(1)
    for (let at = 0; at < token.length; at++) {
      const other = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      await verified(other).catch(() => undefined)
      expect([at, counts.verified]).toEqual([at, at + 2])
    }
  })

  it('with a lone surrogate is refused, though its hash is that of another token (V1)', async () => {
    const { engine } = await world()
    const verified = createVerifier(engine, { kid: () => undefined, verify: (token) => ({ jti: token }) })
    expect(await verified('a\ufffd')).toEqual({ jti: 'a\ufffd' })
    await expect(verified('a\ud800')).rejects.toThrow(ourError('ERR_INVALID_TOKEN'))
  })

  it('is refused by its verifier once exp has passed, and is no hit before nbf (V2)', async () => {
    const { clock, verified, counts, sign } = await world()
    const token = await sign({ exp: clock.now() / 1000 + 30 })
    await verified(token)
    clock.advance(29_999)
    await verified(token)
    expect(counts.verified).toBe(1)
    clock.advance(1)
    await expect(verified(token)).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' })
    const later = await sign({ nbf: clock.now() / 1000 + 10 })
    await expect(verified(later)).rejects.toMatchObject({ code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' })
    clock.advance(10_000)
    await verified(later)
    clock.advance(-5000)
    await expect(verified(later)).rejects.toMatchObject({ code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' })
  })

  it('is verified again after the ttl', async () => {
    const { clock, verified, counts, sign } = await world()
    const token = await sign()
    for (const ms of [0, 59_999, 1, 59_999]) {
      clock.advance(ms)
      await verified(token)
    }
    expect(counts.verified).toBe(2)
  })

  it('that is revoked between two hits is refused, by itself or by a selector (V3)', async () => {
    const { engine, verified, counts, sign } = await world()
    const [one, two] = [await sign(), await sign()]
    for (const token of [one, two]) await verified(token)
    const revoked = ourError('ERR_REVOKED')
    await engine.revoke(one)
    await expect(verified(one)).rejects.toThrow(revoked)
    await expect(verified(one)).rejects.toMatchObject({ statusCode: 401 })
    await verified(two)
    await engine.revokeWhere({ sub: 'u' })
    await expect(verified(two)).rejects.toThrow(revoked)
    await expect(verified(two, { onUnknown: 'active' })).rejects.toThrow(revoked)
    expect(counts.verified).toBe(2)
  })

  it('is judged by its own name, whatever verify makes of it (V3)', async () => {
    const { engine, verify, sign } = await world()
    const verified = createVerifier(engine, {
      verify: async (token) => ({ jti: 'x', user: (await verify(token)).sub }),
    })
    const token = await sign()
    expect(await verified(token)).toEqual({ jti: 'x', user: 'u' })
    await engine.revoke(token)
    await expect(verified(token)).rejects.toThrow(ourError('ERR_REVOKED'))
  })

  it('that is opaque is refused by a revocation of the string or of its claims (V3)', async () => {
    const { engine, clock } = await world()
    const verified = createVerifier(engine, {
      kid: () => undefined,
      verify: (token) => ({ jti: `of ${token}`, sub: 's' }),
    })
    const expiresAt = clock.now() / 1000 + 60
    for (const token of ['one', 'two', 'three']) await verified(token)
    await engine.revoke('one', { expiresAt })
    await engine.revoke({ jti: 'of two' }, { expiresAt })
    for (const token of ['one', 'two']) await expect(verified(token)).rejects.toThrow(ourError('ERR_REVOKED'))
    await verified('three')
    await engine.revokeWhere({ sub: 's' }, { expiresAt })
    await expect(verified('three')).rejects.toThrow(ourError('ERR_REVOKED'))
  })

  it('is not kept if its key was forgotten while it was verified, nor of other keys (V4)', async () => {
    const { engine, verify, counts, sign } = await world()
    let reply = (): void => undefined
    let isLate = true
    const verified = createVerifier(engine, {
      verify: async (token) => {
        if (isLate) await new Promise<void>((resolve) => (reply = resolve))
        return verify(token)
      },
    })
    const [token, other] = [await sign({}, 'bad'), await sign({}, 'good')]
    const underWay = verified(token)
    await until('it is verified', () => verified.stats().loads === 1 && reply.name !== '')
    isLate = false
    const beside = verified(other)
    expect(verified.stats().loads).toBe(2) // It waits for no other token.
    await beside
    await verified.forget({ kid: 'bad' })
    reply()
    await underWay
    for (const one of [token, other, token]) await verified(one)
    expect(counts.verified).toBe(3) // late, other, and token once more
    await verified.forget()
    for (const one of [token, other]) await verified(one)
    expect(counts.verified).toBe(5)
  })

  it('is forgotten in the other engine of the store, by any verifier (V4)', async () => {
    const { store, clock, verify, counts, sign, verified } = await world(0)
    const there = await open({ store: new MemoryStore(store), clock, maxStalenessMs: 0 })
    const elsewhere = createVerifier(there, { verify })
    const token = await sign()
    for (let n = 0; n < 2; n++) for (const one of [verified, elsewhere]) await one(token)
    expect(counts.verified).toBe(2)
    expect(await verified.forget({ kid: 'k1' })).toMatchObject({ durable: true, seq: 2 })
    for (const one of [verified, elsewhere]) await one(token)
    expect(counts.verified).toBe(4)
  })

  it('has claims that nobody can change, and what is no plain data is not kept (V5)', async () => {
    const { engine, verified, counts, sign } = await world()
    const token = await sign({ roles: ['user'], app: { id: 1 } })
    const claims = (await verified(token)) as { roles: string[]; app: { id: number }; sub: string }
    expect(() => claims.roles.push('admin')).toThrow(TypeError)
    expect(() => (claims.app.id = 2)).toThrow(TypeError)
    expect(() => (claims.sub = 'root')).toThrow(TypeError)
    expect(await verified(token)).toMatchObject({ roles: ['user'], app: { id: 1 }, sub: 'u' })
    expect(counts.verified).toBe(1)
    const own = createVerifier(engine, {
      kid: () => undefined,
      verify: () => ({ jti: 'a', roles: new Set(['user']) }),
    })
    for (let n = 0; n < 2; n++) (await own('opaque')).roles.add('admin')
    expect(own.stats()).toMatchObject({ entries: 0, loads: 2 })
  })

  it('stays, whatever bad tokens come, and callers share one verification (V6)', async () => {
    const { engine, verify, counts, sign } = await world()
    const verified = createVerifier(engine, { verify, max: 2 })
    const token = await sign()
    await Promise.all(Array.from({ length: 50 }, () => verified(token)))
    expect(counts.verified).toBe(1)
    const bad = Array.from({ length: 100 }, (_, i) => verified(`${token}${i}`).catch(() => 'refused'))
    expect(new Set(await Promise.all(bad))).toEqual(new Set(['refused']))
    expect(verified.stats()).toMatchObject({ entries: 1, loading: 0 })
    await verified(token)
    expect(counts.verified).toBe(101)
  })

  it('of jsonwebtoken is verified once, too long a one each time, and one without kid is kept', async () => {
    const { engine, clock } = await world()
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    let count = 0
    const verified = createVerifier(engine, {
      verify: (token) => {
        count++
        return jsonwebtoken.verify(token, publicKey, { clockTimestamp: Math.floor(clock.now() / 1000) })
      },
    })
    const sign = (text: string) =>
      jsonwebtoken.sign({ jti: 'a', exp: clock.now() / 1000 + 60, text }, privateKey, { algorithm: 'RS256' })
    for (let n = 0; n < 3; n++) await verified(sign(''))
    expect(count).toBe(1)
    for (let n = 0; n < 3; n++) await verified(sign('x'.repeat(8192)))
    expect(count).toBe(4)
    const forged = jsonwebtoken.sign({ jti: 'a' }, createHmac('sha256', 'x').digest('hex'))
    await expect(verified(forged)).rejects.toMatchObject({ name: 'JsonWebTokenError' })
  })

  it('needs an engine and usable options, and refuses what is no token', async () => {
    const { engine, verify, verified } = await world()
    const kid = 'k'
    for (const wrong of [
      {},
      { verify: 1 },
      { verify, kid },
      { verify, ttlSeconds: 0 },
      { verify, max: 0 },
      { verify, ttl: 1 },
    ])
      expect(() => createVerifier(engine, wrong as never)).toThrow(ourError('ERR_CONFIG'))
    expect(() => createVerifier(engine, undefined as never)).toThrow(ourError('ERR_CONFIG', '{ verify }'))
    for (const wrong of [undefined, {}, Promise.resolve(engine)])
      expect(() => createVerifier(wrong as never, { verify })).toThrow(
        ourError('ERR_CONFIG', 'createVerifier needs an engine: await createRevocade()'),
      )
    for (const wrong of [undefined, null, 1, {}])
      await expect(verified(wrong as never)).rejects.toThrow(ourError('ERR_INVALID_TOKEN'))
    for (const wrong of [{}, { kid: 1 }, { keys: 'k' }])
      await expect(verified.forget(wrong as never)).rejects.toThrow(ourError('ERR_CONFIG'))
    const whole = createVerifier(engine, { verify: () => ({ payload: {}, protectedHeader: {} }) })
    await expect(whole('opaque')).rejects.toThrow(ourError('ERR_CONFIG'))
    const unreadable = {
      get payload(): object {
        throw new Error('no')
      },
    }
    const strange = createVerifier(engine, { verify: () => unreadable })
    await expect(strange('opaque')).rejects.toThrow(ourError('ERR_INVALID_TOKEN', 'a getter throws'))
    await engine.close()
    await expect(createVerifier(engine, { verify: () => ({}) })('opaque')).rejects.toThrow(
      ourError('ERR_CLOSED'),
    )
  })
})
