import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { expressjwt } from 'express-jwt'
import jsonwebtoken from 'jsonwebtoken'
import { defaultRevocade, type Revocade } from 'revocade'
import { MemoryStore } from 'revocade/testing'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import imported, * as blacklist from '#dist/drop-ins/express-jwt-blacklist.js'
import { open } from '../support/engine.js'
import { ourError } from '../support/errors.js'
import { temporaryDirectory } from '../support/temp.js'
import { inSeconds, ManualClock, nowSeconds } from '../support/time.js'

const old = createRequire(import.meta.url)('express-jwt-blacklist') as blacklist.OldBlacklist
const secret = 'my-secret'
const CLAIMS = ['sub', ['sub', 'iat'], ['sub', 'jti']]

const sign = (claims: object) => jsonwebtoken.sign(claims, secret, { expiresIn: '1h' })

/** An application on a port of its own: what it answers to a token, at a path. */
async function listening(handlers: Record<string, RequestHandler>, isRevoked: blacklist.IsRevoked) {
  const app = express()
  app.use(expressjwt({ secret, algorithms: ['HS256'], isRevoked, requestProperty: 'user' }))
  for (const [path, handler] of Object.entries(handlers)) app.get(path, handler)
  const refused: ErrorRequestHandler = (error: { code?: string; status?: number }, _req, res, _next) => {
    res.status(error.status ?? 500).send(error.code)
  }
  app.use(refused)
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return async (path: string, token: string): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    return `${answer.status} ${await answer.text()}`
  }
}

const userOf = (request: object) => (request as { user: Record<string, unknown> }).user

/** An engine on a clock that the test sets. */
async function world(options: blacklist.BlacklistOptions = {}) {
  const clock = new ManualClock()
  const engine = await open({ store: new MemoryStore(), clock, claims: CLAIMS })
  const list = blacklist.createBlacklist(engine, options)
  const now = () => Math.floor(clock.now() / 1000)
  const token = (claims: object = {}) => ({ sub: 'u', iat: now(), exp: now() + 3600, ...claims })
  return { clock, engine, now, token, ...list }
}

describe('the module in the place of express-jwt-blacklist', () => {
  process.env.REVOCADE_STORE = `${temporaryDirectory()}/revocade.db`
  afterAll(() => blacklist.close())

  it("refuses the README's store, and takes its other options", () => {
    const store = { type: 'memcached', host: '127.0.0.1', port: 11211, keyPrefix: 'mywebapp:' }
    expect(() => {
      blacklist.configure({ tokenId: 'jti', strict: true, store } as object)
    }).toThrow(ourError('ERR_CONFIG', "option 'store' is not taken"))
    blacklist.configure({ tokenId: 'jti', strict: true })
    blacklist.configure({ tokenId: 'sub', indexBy: 'iat' })
  })

  it("runs the README's example", async () => {
    const send = await listening(
      {
        '/me': (req, res) => void res.send(userOf(req).sub),
        '/logout': (req, res) => {
          void blacklist.revoke(userOf(req))
          res.sendStatus(200)
        },
      },
      blacklist.isRevoked,
    )
    const [one, other] = [sign({ sub: 'u1' }), sign({ sub: 'u1', iat: nowSeconds() - 60 })]
    expect(await send('/me', one)).toBe('200 u1')
    expect(await send('/logout', one)).toBe('200 OK')
    expect(await send('/me', one)).toBe('401 revoked_token')
    expect(await send('/me', other)).toBe('200 u1')
  })

  it('keeps the specification of the old package', async () => {
    const user = { iat: 1439336202, exp: 1439412707, sub: '9007F3DA-4081-11E5-9E31-A62DD5902334' }
    const revoked = (claims: object) =>
      new Promise((resolve) => {
        blacklist.isRevoked({}, { ...claims }, (error, is) => {
          resolve(error ?? is)
        })
      })
    const revoke = (claims: object) =>
      new Promise((resolve) => {
        blacklist.revoke({ ...claims }, resolve)
      })
    expect(await revoked(user)).toBe(false)
    expect(await revoke(user)).toBe(null)
    expect(await revoked(user)).toBe(true)
    user.iat += 10
    expect(await revoked(user)).toBe(false)
    expect(await revoke(user)).toBe(null)
    expect(await revoked(user)).toBe(true)
    user.iat += 10
    const written = blacklist.revoke({ ...user })
    expect(await revoked(user)).toBe(true)
    await written
    user.iat += 10
    // Without the full token. Its lifetime is not known then: the old package kept it for ever.
    blacklist.revoke({ iat: user.iat, sub: user.sub }, 3600, () => undefined)
    expect(await revoked(user)).toBe(true)
    expect(blacklist.TYPE).toEqual({ revoke: 'revoke', purge: 'purge' })
  })

  it('can no longer be configured once it is in use, until it is closed', async () => {
    expect(() => {
      blacklist.configure({ strict: true })
    }).toThrow(ourError('ERR_CONFIG', 'before the first use'))
    await blacklist.close()
    const { engine, token } = await world()
    blacklist.configure({ revocade: Promise.resolve(engine), indexBy: 'jti' })
    await blacklist.revoke(token({ jti: 'a' }))
    await blacklist.close()
    expect(await engine.isRevoked(token({ jti: 'a' }))).toBe(true)
    expect(await blacklist.isRevoked({}, token({ jti: 'a' }))).toBe(true)
  })

  it('can be had on the default engine', async () => {
    const engine = await defaultRevocade()
    onTestFinished(() => engine.close())
    const { purge, isRevoked } = blacklist.createBlacklist(engine, { indexBy: 'sub' })
    await purge({ sub: 'v' }, 60)
    expect(await isRevoked({}, { sub: 'v', iat: nowSeconds() - 60 })).toBe(true)
  })

  it('is one object, for those who import a default', () => {
    expect(imported).toMatchObject({ isRevoked: blacklist.isRevoked, revoke: blacklist.revoke })
  })
})

describe('createBlacklist', () => {
  it('purges what was issued before this second, of this user', async () => {
    const { clock, token, purge, isRevoked } = await world()
    const before = token()
    clock.advance(5500)
    await purge(token())
    expect(await isRevoked({}, before)).toBe(true)
    expect(await isRevoked({}, token())).toBe(false)
    expect(await isRevoked({}, { ...before, sub: 'another' })).toBe(false)
  })

  it('revokes by indexBy the tokens of a session, also those of later', async () => {
    const { clock, token, revoke, isRevoked } = await world({ indexBy: 'jti' })
    await revoke(token({ jti: 'session' }))
    clock.advance(5000)
    expect(await isRevoked({}, token({ jti: 'session' }))).toBe(true)
    expect(await isRevoked({}, token({ jti: 'session', sub: 'another' }))).toBe(false)
    expect(await isRevoked({}, token({ jti: 'another' }))).toBe(false)
  })

  it('keeps a revocation for the lifetime that is given, or else for that of the token', async () => {
    const { now, token, revoke, purge } = await world()
    const at = async (receipt: Promise<{ expiresAt: Date }>) => (await receipt).expiresAt.getTime() / 1000
    expect(await at(revoke(token({ iat: now() - 600, exp: now() + 60 })))).toBe(now() + 660)
    expect(await at(revoke(token(), 7200))).toBe(now() + 7200)
    expect(await at(purge({ sub: 'u' }, 7200))).toBe(now() + 7200)
    await expect(purge({ sub: 'u' })).rejects.toThrow(ourError('ERR_NO_EXPIRY'))
  })

  it('takes the token of express-jwt 7 and newer, and the claims of older ones', async () => {
    const { token, revoke, isRevoked } = await world()
    await revoke(token())
    expect(await isRevoked({}, { header: {}, payload: token(), signature: '' })).toBe(true)
    expect(await isRevoked({}, token())).toBe(true)
    const answered = new Promise((resolve) => {
      isRevoked({}, token(), (error, is) => {
        resolve([error, is])
      })
    })
    expect(await answered).toEqual([null, true])
  })

  it('checks a token after its revocation that nobody waited for', async () => {
    const store = new MemoryStore()
    const engine = await open({ store, claims: CLAIMS })
    const { revoke, isRevoked } = blacklist.createBlacklist(engine)
    const write = store.write.bind(store)
    let goOn = (): void => undefined
    const disk = new Promise<void>((resolve) => {
      goOn = resolve
    })
    Object.assign(store, {
      write: (mutations: Parameters<typeof write>[0]) => disk.then(() => write(mutations)),
    })
    const token = { sub: 'u', iat: nowSeconds(), exp: inSeconds(60) }
    const written = revoke(token)
    const answer = isRevoked({}, token)
    // Time enough for an answer that does not wait.
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    goOn()
    expect(await answer).toBe(true)
    await written
  })

  it('says by callback, promise and process warning that a revocation failed', async () => {
    const { token, revoke, purge } = await world()
    const failed = (call: (done: (error: unknown) => void) => void) =>
      new Promise((resolve) => {
        call(resolve)
      })
    const unnamed = ourError('ERR_TOKEN_NOT_IDENTIFIABLE', "no claim 'sub'")
    expect(
      await failed((done) => {
        revoke({ iat: 1, exp: 2 }, done)
      }),
    ).toEqual(unnamed)
    expect(
      await failed((done) => {
        purge({}, 60, done)
      }),
    ).toEqual(unnamed)
    expect(
      await failed((done) => {
        revoke(undefined as never, done)
      }),
    ).toEqual(ourError('ERR_INVALID_TOKEN'))
    expect(
      await failed((done) => {
        revoke(token(), 'a day' as never, done)
      }),
    ).toEqual(ourError('ERR_INVALID_TIME'))
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    void revoke({ iat: 1 }).catch(() => undefined)
    expect((await warned).message).toContain("revoke() failed: the token has no claim 'sub'")
  })

  it.each([[{}], [{ sub: 'u' }], [{ sub: '', iat: 1 }], [{ sub: ['u'], iat: 1 }], [undefined], ['a.b.c']])(
    'refuses to say that %j is good',
    async (claims) => {
      const { isRevoked } = await world()
      await expect(isRevoked({}, claims as undefined)).rejects.toMatchObject({
        name: 'RevocadeError',
        statusCode: 400,
      })
    },
  )

  it('answers 503 when nothing can decide, and with strict that the token is revoked', async () => {
    const store = new MemoryStore()
    const engine = await open({ store, maxStalenessMs: 0, claims: CLAIMS })
    const broken = () => {
      throw new Error('gone')
    }
    Object.assign(store, { get: broken, poll: broken, isCurrent: broken })
    const token = { sub: 'u', iat: nowSeconds(), exp: inSeconds(60) }
    await expect(blacklist.createBlacklist(engine).isRevoked({}, token)).rejects.toThrow(
      ourError('ERR_UNAVAILABLE'),
    )
    expect(await blacklist.createBlacklist(engine, { strict: true }).isRevoked({}, token)).toBe(true)
  })

  it.each([
    [{ tokenID: 'sub' }, "did you mean 'tokenId'"],
    [{ tokenId: 7 }, "option 'tokenId'"],
    [{ indexBy: '' }, "option 'indexBy'"],
    [{ strict: 'yes' }, "option 'strict'"],
    [{ strict: false }, "onUnknown: 'active'"],
    [{ legacy: { until: new Date() } }, 'legacy.blacklist'],
    [{ legacy: { blacklist: {}, until: new Date() } }, "needs 'blacklist'"],
    [{ legacy: { blacklist: old, until: 'soon' } }, "needs 'until'"],
    [{ tokenId: 'jti', indexBy: 'sub' }, undefined],
    [{ tokenId: 'jti', indexBy: 'jti' }, undefined],
    [{ tokenId: 'jti' }, '["jti","iat"]'],
    [{ tokenId: 'email' }, '"email"'],
  ])('of the options %j: %s', async (options, problem) => {
    const engine: Revocade = await open({ store: new MemoryStore(), claims: CLAIMS })
    const create = () => blacklist.createBlacklist(engine, options as object)
    if (problem === undefined) create()
    else expect(create).toThrow(ourError('ERR_CONFIG', problem))
  })
})

describe('the way over from express-jwt-blacklist', () => {
  it('keeps revoked what was revoked before, and tells the old package of the rest', async () => {
    const engine = await open({ store: new MemoryStore(), claims: CLAIMS })
    const oldSays = (claims: object) =>
      new Promise((resolve) => {
        old.isRevoked({}, { ...claims }, (_error, is) => {
          resolve(is)
        })
      })
    const token = (sub: string, age = 60) => ({ sub, iat: nowSeconds() - age, exp: inSeconds(3600) })
    const [before, purged, during, good] = [token('before'), token('purged'), token('during'), token('good')]
    await new Promise((resolve) => {
      old.revoke(before, undefined, resolve)
    })
    await new Promise((resolve) => {
      old.purge(purged, undefined, resolve)
    })
    const both = blacklist.createBlacklist(engine, {
      legacy: { blacklist: old, until: new Date(Date.now() + 60_000) },
    })
    expect(await both.isRevoked({}, before)).toBe(true)
    expect(await both.isRevoked({}, purged)).toBe(true)
    expect(await both.isRevoked({}, good)).toBe(false)
    await both.revoke(during)
    expect(await oldSays(during)).toBe(true)
    expect(await blacklist.createBlacklist(engine).isRevoked({}, during)).toBe(true)
  })

  it('asks the old package only about tokens of before the switch, and says when it fails', async () => {
    const engine = await open({ store: new MemoryStore(), claims: CLAIMS })
    const calls: unknown[] = []
    const failing = {
      isRevoked: (_request: unknown, claims: object, done: (error: unknown) => void) => {
        calls.push(claims)
        done(new Error('gone'))
      },
      revoke: (claims: object, _lifetime: unknown, done: () => void) => {
        calls.push(claims)
        done()
      },
      purge: (_claims: object, _lifetime: unknown, done: (error: unknown) => void) => {
        done(new Error('gone'))
      },
    }
    const at = (seconds: number) =>
      blacklist.createBlacklist(engine, {
        legacy: { blacklist: failing, until: new Date(Date.now() + seconds * 1000) },
      })
    const token = { sub: 'u', iat: nowSeconds(), exp: inSeconds(3600) }
    const since = at(-60)
    expect(await since.isRevoked({}, token)).toBe(false)
    await since.revoke({ ...token, sub: 'v' })
    expect(calls).toEqual([])
    await expect(at(60).isRevoked({}, token)).rejects.toThrow(ourError('ERR_UNAVAILABLE'))
    await expect(since.isRevoked({}, { ...token, iat: token.iat - 120 })).rejects.toThrow(
      ourError('ERR_UNAVAILABLE'),
    )
    await expect(at(60).purge(token)).rejects.toThrow(ourError('ERR_UNAVAILABLE', 'it is done here'))
  })
})
