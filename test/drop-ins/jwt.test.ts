import { createRequire } from 'node:module'
import jsonwebtoken from 'jsonwebtoken'
import type exported from 'jwt-redis'
import { createClient, type RedisClientType } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createJwt, type Jwt, TokenDestroyedError, TokenInvalidError } from '#dist/drop-ins/jwt.js'
import { createRevocade, type Revocade } from '#dist/index.js'
import { startRedis } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'

// What `import` makes of a CommonJS default export differs between Node and test runners.
const { default: JWTR } = createRequire(import.meta.url)('jwt-redis') as typeof exported

const secret = 'secret'
const HOUR_MS = 3_600_000
let revocade: Revocade
let jwtr: Jwt

beforeAll(async () => {
  revocade = await createRevocade({
    store: `${temporaryDirectory()}/revocade.db`,
    maxTokenLifetimeSeconds: 3600,
  })
  jwtr = createJwt(revocade)
})
afterAll(() => revocade.close())

describe('createJwt', () => {
  it("runs the quick start of jwt-redis' README", async () => {
    const jti = 'test'
    const payload = { jti }
    const token = await jwtr.sign(payload, secret)
    expect(await jwtr.verify(token, secret)).toMatchObject(payload)
    expect(await jwtr.destroy(jti)).toBe(true)
    await expect(jwtr.verify(token, secret)).rejects.toThrow(TokenDestroyedError)
    expect(await jwtr.destroy(jti)).toBe(false)
  })

  it('destroys a whole token and no other one', async () => {
    const [one, other] = [
      await jwtr.sign({ sub: 'u' }, secret, { expiresIn: 60 }),
      await jwtr.sign({}, secret),
    ]
    expect(await jwtr.destroy(one)).toBe(true)
    await expect(jwtr.verify(one, secret)).rejects.toThrow(TokenDestroyedError)
    expect(await jwtr.verify(other, secret)).toHaveProperty('jti')
  })

  it('destroys by jti a token that names its issuer', async () => {
    const token = await jwtr.sign({ jti: 'of an issuer' }, secret, { issuer: 'https://issuer.example' })
    await jwtr.destroy('of an issuer')
    await expect(jwtr.verify(token, secret)).rejects.toThrow(TokenDestroyedError)
  })

  it('gives what jsonwebtoken gives, and takes its options', async () => {
    const token = await jwtr.sign({ a: 1 }, secret, { jwtid: 'mine', expiresIn: '1h' })
    expect(jsonwebtoken.verify(token, secret)).toMatchObject({ a: 1, jti: 'mine' })
    expect(await jwtr.verify(token, secret, { complete: true })).toMatchObject({
      header: { alg: 'HS256' },
      payload: { a: 1, jti: 'mine' },
    })
    expect(jwtr.decode(token)).toEqual(jsonwebtoken.decode(token))
    await expect(jwtr.verify(token, 'another')).rejects.toThrow(jsonwebtoken.JsonWebTokenError)
    await jwtr.destroy('mine')
    await expect(jwtr.verify(token, secret, { complete: true })).rejects.toThrow(TokenDestroyedError)
  })

  it('refuses a token without jti, and an expired one that ignoreExpiration lets through', async () => {
    const without = jsonwebtoken.sign({ sub: 'u' }, secret)
    await expect(jwtr.verify(without, secret)).rejects.toThrow(TokenInvalidError)
    const expired = jsonwebtoken.sign({ jti: 'old', exp: Math.floor(Date.now() / 1000) - 5 }, secret)
    await expect(jwtr.verify(expired, secret)).rejects.toThrow(jsonwebtoken.TokenExpiredError)
    await expect(jwtr.verify(expired, secret, { ignoreExpiration: true })).rejects.toThrow(
      TokenDestroyedError,
    )
  })

  it.each([undefined, '', null, 7, {}])('destroy(%j) is an error, and not nothing', async (wrong) => {
    await expect(jwtr.destroy(wrong as string)).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN' })
  })

  it.each([
    [{ lagacy: {} }],
    [{ legacy: { until: new Date() } }],
    [{ legacy: { client: { get() {}, set() {}, del() {} }, until: 'soon' } }],
  ])('refuses the options %j', (options) => {
    expect(() => createJwt(revocade, options as object)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG' }),
    )
  })

  it('refuses what is no engine', () => {
    for (const wrong of [undefined, Promise.resolve(revocade)])
      expect(() => createJwt(wrong as never)).toThrow(/createJwt\(\) needs an engine/)
  })
})

describe('the way over from jwt-redis', () => {
  it('keeps destroyed what was destroyed before, and both know what either signs or destroys', async () => {
    const server = await startRedis()
    const client: RedisClientType = createClient({ url: server.url })
    await client.connect()
    try {
      const old = new JWTR(client)
      const [destroyed, good] = [await old.sign({ jti: 'a' }, secret), await old.sign({ jti: 'b' }, secret)]
      await old.destroy('a')
      const both = createJwt(revocade, { legacy: { client, until: new Date(Date.now() + HOUR_MS) } })
      await expect(both.verify(destroyed, secret)).rejects.toThrow(TokenDestroyedError)
      expect(await both.verify(good, secret)).toMatchObject({ jti: 'b' })
      // A process that still has jwt-redis:
      const token = await both.sign({ jti: 'c' }, secret, { expiresIn: 60 })
      expect(await old.verify(token, secret)).toMatchObject({ jti: 'c' })
      expect(await client.ttl('jwt_label:c')).toBeGreaterThan(0)
      await both.destroy('c')
      await expect(old.verify(token, secret)).rejects.toThrow()
      await old.destroy('b')
      await expect(both.verify(good, secret)).rejects.toThrow(TokenDestroyedError)
    } finally {
      await client.quit()
      await server.stop()
    }
  })

  it('asks Redis for no token that was issued after the switch', async () => {
    const asked: string[] = []
    const client = {
      get: (key: string) => Promise.resolve(asked.push(key) > 0 ? null : null),
      set: () => Promise.reject(new Error('a label was written')),
      del: () => Promise.resolve(0),
    }
    const since = createJwt(revocade, { legacy: { client, until: new Date(Date.now() - HOUR_MS) } })
    const token = await since.sign({ jti: 'new' }, secret)
    expect(await since.verify(token, secret)).toMatchObject({ jti: 'new' })
    expect(asked).toEqual([])
    const old = jsonwebtoken.sign({ jti: 'old', iat: Math.floor(Date.now() / 1000) - 7200 }, secret)
    await expect(since.verify(old, secret)).rejects.toThrow(TokenDestroyedError)
    expect(asked).toEqual(['jwt_label:old'])
  })
})
