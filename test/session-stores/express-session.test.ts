import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import session, { type SessionData, type Store } from 'express-session'
import type { Redis } from 'ioredis'
import { createRevocade, type Revocade, type RevocadeOptions } from 'revocade'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { revocable, type RevocableOptions } from '#dist/session-stores/index.js'
import { MemoryStore } from '#dist/testing/index.js'
import { borrowRedis } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'
import { engineWithSwitch, latch, LIFETIME } from './engine.js'

declare module 'express-session' {
  interface SessionData {
    user: string
    loggedInAt: number
    seen: number
  }
}

const options: RevocableOptions<SessionData> = {
  lifetimeSeconds: LIFETIME,
  claimsOf: ({ user, loggedInAt }) => ({ sub: user, iat: loggedInAt }),
}

/** Written as connect-redis is, with private fields. */
class RedisSessions extends session.Store {
  readonly #client: Redis
  readonly #prefix = `session-stores-${crypto.randomUUID()}:`

  constructor(client: Redis) {
    super()
    this.#client = client
  }

  override get(sid: string, callback: (error: unknown, value?: SessionData) => void): void {
    this.#client.get(this.#prefix + sid).then((text) => {
      callback(null, text === null ? undefined : (JSON.parse(text) as SessionData))
    }, callback)
  }

  override set(sid: string, value: SessionData, callback?: (error?: unknown) => void): void {
    tell(this.#client.set(this.#prefix + sid, JSON.stringify(value), 'EX', LIFETIME), callback)
  }

  override touch(sid: string, _value: SessionData, callback?: (error?: unknown) => void): void {
    tell(this.#client.expire(this.#prefix + sid, LIFETIME), callback)
  }

  override destroy(sid: string, callback?: (error?: unknown) => void): void {
    tell(this.#client.del(this.#prefix + sid), callback)
  }

  ids(): Promise<string[]> {
    return this.#client.keys(`${this.#prefix}*`)
  }
}

function tell(work: Promise<unknown>, callback: (error?: unknown) => void = () => undefined): void {
  work.then(() => callback(), callback)
}

let revocade: Revocade
let redis: Awaited<ReturnType<typeof borrowRedis>>
const directory = temporaryDirectory()
beforeAll(async () => {
  redis = await borrowRedis()
  revocade = await createRevocade({
    store: `${directory}/revocade.db`,
    maxTokenLifetimeSeconds: LIFETIME,
  })
})
afterAll(async () => {
  await revocade.close()
  await redis.stop()
})

const stores: readonly (readonly [string, () => Store])[] = [
  ['MemoryStore', () => new session.MemoryStore()],
  ['a store in Redis', () => new RedisSessions(redis.client())],
]

/** Requests of one browser. */
interface Browser {
  get(path: string): Promise<{ readonly status: number; readonly user: string }>
}

/** An application with sessions. `/slow` waits for `go` with its session in hand, then writes it. */
async function application(store: Store): Promise<{
  readonly browser: () => Browser
  readonly slowIsIn: Promise<void>
  readonly go: () => void
  readonly close: () => Promise<void>
}> {
  const [isIn, mayGo] = [latch(), latch()]
  const app: Express = express()
  app.use(session({ secret: 'of a test', resave: false, saveUninitialized: false, store }))
  app.get('/login/:user', (req, res, next) => {
    req.session.regenerate((error: unknown) => {
      if (error !== null && error !== undefined) {
        next(error)
        return
      }
      req.session.user = req.params.user
      req.session.loggedInAt = Date.now() / 1000
      res.send(req.params.user)
    })
  })
  app.get('/logout', (req, res, next) => {
    req.session.destroy((error: unknown) => (error ? next(error) : res.send('bye')))
  })
  app.get('/slow', async (req, res) => {
    isIn.open()
    await mayGo.opened
    req.session.seen = Date.now()
    res.send('slow')
  })
  app.get('/me', (req, res) => res.send(req.session.user ?? 'nobody'))
  app.use(((error, _req, res, next) => {
    if (res.headersSent) next(error)
    else res.status((error as { statusCode?: number }).statusCode ?? 500).send('error')
  }) satisfies express.ErrorRequestHandler)
  const server: Server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    browser: () => {
      let cookie = ''
      return {
        get: async (path) => {
          const response = await fetch(origin + path, { headers: { cookie } })
          const [given] = response.headers.getSetCookie()
          cookie = given?.split(';')[0] ?? cookie
          return { status: response.status, user: await response.text() }
        },
      }
    },
    slowIsIn: isIn.opened,
    go: mayGo.open,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

describe.each(stores)('express-session with %s', (_name, newStore) => {
  it('brings a session back that a slow request writes after the logout, without revocable', async () => {
    const app = await application(newStore())
    const browser = app.browser()
    await browser.get('/login/ann')
    const slow = browser.get('/slow')
    await app.slowIsIn
    await browser.get('/logout')
    app.go()
    await slow
    expect(await browser.get('/me')).toMatchObject({ user: 'ann' })
    await app.close()
  })

  it.each([
    ['the logout', (browser: Browser) => browser.get('/logout')],
    ['revokeWhere by its user', (_: Browser, sub: string) => revocade.revokeWhere({ sub })],
  ])('with revocable it stays gone after %s', async (_what, end) => {
    const store = newStore()
    const app = await application(revocable(store, revocade, options))
    const [browser, other] = [app.browser(), app.browser()]
    const user = crypto.randomUUID()
    await browser.get(`/login/${user}`)
    await other.get('/login/bob')
    expect(await browser.get('/me')).toMatchObject({ user })
    const slow = browser.get('/slow')
    await app.slowIsIn
    await end(browser, user)
    app.go()
    expect(await slow).toMatchObject({ status: 200 })
    expect(await browser.get('/me')).toMatchObject({ user: 'nobody' })
    expect(await other.get('/me')).toMatchObject({ user: 'bob' })
    await app.close()
  })

  it('a login begins another session, and ends the one before', async () => {
    const store = newStore()
    const app = await application(revocable(store, revocade, options))
    const browser = app.browser()
    await browser.get('/login/cid')
    const before = await stored(store)
    await browser.get('/login/cid')
    expect(await browser.get('/me')).toMatchObject({ user: 'cid' })
    const after = await stored(store)
    expect([before.length, after.length]).toEqual([1, 1])
    expect(before).not.toEqual(after)
    await app.close()
  })
})

/** The keys of a store. */
async function stored(store: Store): Promise<string[]> {
  if (store instanceof RedisSessions) return store.ids()
  return Object.keys(Reflect.get(store, 'sessions') as object)
}

describe('revocable', () => {
  const ann = (): SessionData => ({
    cookie: new session.Cookie(),
    user: 'ann',
    loggedInAt: Date.now() / 1000,
    seen: 0,
  })

  it('deletes what a write put back that was under way when the session was destroyed', async () => {
    const [isIn, mayGo] = [latch(), latch()]
    class Slow extends session.MemoryStore {
      override set(sid: string, value: SessionData, callback?: (error?: unknown) => void): void {
        isIn.open()
        void mayGo.opened.then(() => super.set(sid, value, callback))
      }
    }
    const store = new Slow()
    const guarded = revocable(store, revocade, { lifetimeSeconds: LIFETIME })
    const writing = write(guarded, 'late', ann())
    await isIn.opened
    await destroy(guarded, 'late')
    mayGo.open()
    await writing
    expect(await stored(store)).toEqual([])
  })

  it.each(['set', 'touch'] as const)('%s writes no session that is revoked', async (name) => {
    const store = new session.MemoryStore()
    const guarded = revocable(store, revocade, options)
    await destroy(guarded, name)
    store.set(name, ann())
    const before = JSON.stringify(Reflect.get(store, 'sessions'))
    await new Promise((resolve) => guarded[name](name, { ...ann(), seen: 7 }, resolve))
    expect(JSON.stringify(Reflect.get(store, 'sessions'))).toBe(before)
  })

  it('deletes on reading what another process put back', async () => {
    const store = new session.MemoryStore()
    const guarded = revocable(store, revocade, options)
    await destroy(guarded, 'back')
    store.set('back', ann())
    expect(await read(guarded, 'back')).toBeUndefined()
    expect(await stored(store)).toEqual([])
  })

  it('a session of another process on the same store is gone, too', async () => {
    const store = `${temporaryDirectory()}/revocade.db`
    const shared = new session.MemoryStore()
    const engines = [
      await createRevocade({ store, maxStalenessMs: 0 }),
      await createRevocade({ store, maxStalenessMs: 0 }),
    ] as const
    const [here, there] = [
      revocable(shared, engines[0], { lifetimeSeconds: LIFETIME }),
      revocable(shared, engines[1], { lifetimeSeconds: LIFETIME }),
    ]
    await write(here, 'both', ann())
    await destroy(there, 'both')
    shared.set('both', ann())
    expect(await read(here, 'both')).toBeUndefined()
    for (const engine of engines) await engine.close()
  })

  it('keeps an end longer than the store keeps the session', async () => {
    const guarded = revocable(new session.MemoryStore(), revocade, { lifetimeSeconds: LIFETIME })
    const before = Date.now()
    await destroy(guarded, 'how long')
    let last
    for await (const revocation of revocade.list()) last = revocation
    expect(last?.expiresAt.getTime()).toBeGreaterThan(before + LIFETIME * 1000)
    expect(last).toMatchObject({ withoutCutoff: true, reason: 'session ended' })
    expect(JSON.stringify(last)).not.toContain('how long') // the id is a secret
  })

  it('leaves a later login of the user alone', async () => {
    const guarded = revocable(new session.MemoryStore(), revocade, options)
    const old = { ...ann(), user: 'dan', loggedInAt: Date.now() / 1000 - 60 }
    const later = { ...ann(), user: 'dan', loggedInAt: Date.now() / 1000 + 2 }
    await write(guarded, 'old', old)
    await write(guarded, 'later', later)
    await revocade.revokeWhere({ sub: 'dan' })
    expect(await read(guarded, 'old')).toBeUndefined()
    expect(await read(guarded, 'later')).toMatchObject({ user: 'dan' })
  })

  it.each(['throw', 'revoked'] as const)(
    'with onUnknown %j an unknown answer is an error, and the session is not lost',
    async (onUnknown) => {
      const { revocade, away } = await engineWithSwitch({ onUnknown })
      const app = await application(revocable(new session.MemoryStore(), revocade, options))
      const browser = app.browser()
      await browser.get('/login/ann')
      away(true)
      expect(await browser.get('/me')).toMatchObject({ status: 503, user: 'error' })
      expect(await browser.get('/logout')).toMatchObject({ status: 503 })
      away(false)
      expect(await browser.get('/me')).toMatchObject({ status: 200, user: 'ann' })
      await app.close()
      await revocade.close()
    },
  )

  it("with onUnknown 'active' the session is used", async () => {
    const { revocade, away } = await engineWithSwitch({ onUnknown: 'active' })
    const guarded = revocable(new session.MemoryStore(), revocade, options)
    await write(guarded, 'a', ann())
    away(true)
    expect(await read(guarded, 'a')).toMatchObject({ user: 'ann' })
    await revocade.close()
  })

  it('a logout that is not durable is an error, and deletes the session all the same', async () => {
    const { revocade, away } = await engineWithSwitch()
    const store = new session.MemoryStore()
    const guarded = revocable(store, revocade, options)
    store.set('a', ann())
    away(true)
    await expect(destroy(guarded, 'a')).rejects.toThrow('the store is away')
    expect(await stored(store)).toEqual([])
    await revocade.close()
  })

  it('is the store in everything else', async () => {
    const store = Object.freeze(new session.MemoryStore())
    const guarded = revocable(store, revocade, options)
    expect(guarded).toBeInstanceOf(session.MemoryStore)
    expect('all' in guarded && !('none' in guarded)).toBe(true)
    expect(guarded.all).toBe(guarded.all)
    await write(guarded, 'a', ann())
    expect(await new Promise((resolve) => guarded.length((_, length) => resolve(length)))).toBe(1)
    const loaded = await new Promise((resolve) => guarded.load('a', (_, value) => resolve(value)))
    expect(loaded).toMatchObject({ user: 'ann' })
    const redisStore = revocable(new RedisSessions(redis.client()), revocade, options)
    expect(await redisStore.ids()).toEqual([]) // a method with private fields
    const marked = revocable(new session.MemoryStore(), revocade, options)
    Reflect.set(marked, 'generate', 1)
    expect(Reflect.get(marked, 'generate')).toBe(1)
  })

  it('passes on what the store fails with, and what it does not call back', async () => {
    class Failing extends session.MemoryStore {
      override get(_sid: string, callback: (error: unknown) => void): void {
        callback(Object.assign(new Error('no such file'), { code: 'ENOENT' }))
      }
      override set(_sid: string, _value: SessionData, _callback?: (error?: unknown) => void): never {
        // As from an async method, which promises nothing here.
        return Promise.reject(new Error('disk full')) as never
      }
    }
    const guarded = revocable(new Failing(), revocade, options)
    await expect(read(guarded, 'a')).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(write(guarded, 'a', ann())).rejects.toThrow('disk full')
  })

  it('answers by a promise where there is no callback, which may be dropped', async () => {
    const { revocade, away } = await engineWithSwitch()
    const guarded = revocable(new session.MemoryStore(), revocade, options) as unknown as {
      set: (sid: string, value: SessionData) => Promise<void>
      get: (sid: string) => Promise<unknown>
    }
    await guarded.set('a', ann())
    expect(await guarded.get('a')).toMatchObject({ user: 'ann' })
    away(true)
    await expect(guarded.get('a')).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
    void guarded.get('a') // an unhandled rejection would end the process
    away(false)
    await revocade.close()
  })

  it.each([undefined, '', 7, {}])('refuses %j as the id of a session', async (sid) => {
    const guarded = revocable(new session.MemoryStore(), revocade, options)
    const bad = { code: 'ERR_INVALID_TOKEN' }
    await expect(write(guarded, sid as string, ann())).rejects.toMatchObject(bad)
    await expect(destroy(guarded, sid as string)).rejects.toMatchObject(bad)
  })

  it('claims that the engine does not take are an error, and nothing is written', async () => {
    const store = new session.MemoryStore()
    const guarded = revocable(store, revocade, { ...options, claimsOf: () => ({ iss: 7 }) })
    await expect(write(guarded, 'a', ann())).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN' })
    expect(await stored(store)).toEqual([])
  })

  it.each<[string, (data: SessionData) => unknown, RevocadeOptions]>([
    ['a promise', (data) => Promise.resolve({ sub: data.user }), {}],
    ['claims in something else', (data) => ({ payload: { sub: data.user } }), {}],
    ['an id of a token', (data) => ({ sub: data.user, sid: 'login' }), { idClaims: ['sid', 'jti'] }],
  ])('refuses %s as claims, which no revocation would be compared with', async (_, claimsOf, given) => {
    const engine = await createRevocade({
      store: new MemoryStore(),
      maxTokenLifetimeSeconds: LIFETIME,
      ...given,
    })
    const store = new session.MemoryStore()
    const guarded = revocable(store, engine, { ...options, claimsOf: claimsOf as never })
    const refused = { code: 'ERR_CONFIG', message: expect.stringContaining("'claimsOf'") as string }
    await expect(write(guarded, 'a', ann())).rejects.toMatchObject(refused)
    expect(await stored(store)).toEqual([])
    await engine.close()
  })

  it('revokes the session before a login, also where a store has bound its own regenerate', async () => {
    class Bound extends session.MemoryStore {
      override regenerate = super.regenerate.bind(this)
    }
    const store = new Bound()
    const guarded = revocable(store, revocade, options)
    await write(guarded, 'before', ann())
    const request = { sessionID: 'before' }
    // As the middleware does, which is given the store.
    Reflect.set(guarded, 'generate', (of: typeof request) => (of.sessionID = 'after'))
    await answer((done) => {
      guarded.regenerate(request as never, done)
    })
    expect(request.sessionID).toBe('after')
    await write(guarded, 'before', ann())
    expect(await stored(store)).toEqual([])
  })

  it('loads no session that has ended', async () => {
    const store = new session.MemoryStore()
    const guarded = revocable(store, revocade, options)
    await write(guarded, 'load', { ...ann(), user: 'loaded' })
    const load = (): Promise<unknown> =>
      answer((done) => {
        guarded.load('load', done)
      })
    Reflect.set(guarded, 'createSession', (_: unknown, data: SessionData) => data.user)
    expect(await load()).toBe('loaded')
    await revocade.revokeWhere({ sub: 'loaded' })
    expect(await load()).toBeUndefined()
  })

  it.each([
    [{}, 'lifetimeSeconds'],
    [{ lifetimeSeconds: 0 }, 'lifetimeSeconds'],
    [{ lifetimeSeconds: 60, lifetimeSecond: 1 }, 'lifetimeSecond'],
    [{ lifetimeSeconds: 60, claimsOf: 'sub' }, 'claimsOf'],
    [{ ...options, lifetimeSeconds: LIFETIME + 1 }, 'maxTokenLifetimeSeconds'],
  ])('refuses the options %j', (wrong, named) => {
    expect(() =>
      revocable(new session.MemoryStore(), revocade, wrong as RevocableOptions<SessionData>),
    ).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        message: expect.stringContaining(named) as string,
      }),
    )
  })

  it('refuses what is no store, and what is no engine', () => {
    const config = expect.objectContaining({ code: 'ERR_CONFIG' }) as Error
    expect(() => revocable({ get: () => 1 } as unknown as Store, revocade, options)).toThrow(config)
    expect(() => revocable(null as unknown as Store, revocade, options)).toThrow(config)
    expect(() => revocable(new session.MemoryStore(), {} as Revocade, options)).toThrow(config)
  })
})

const read = (store: Store, sid: string): Promise<unknown> => answer((done) => store.get(sid, done))
const destroy = (store: Store, sid: string): Promise<unknown> => answer((done) => store.destroy(sid, done))
const write = (store: Store, sid: string, value: SessionData): Promise<unknown> =>
  answer((done) => store.set(sid, value, done))

function answer(call: (done: (error?: unknown, value?: unknown) => void) => void): Promise<unknown> {
  return new Promise((resolve, reject: (error: Error) => void) => {
    call((error, value) => {
      if (error === undefined || error === null) resolve(value)
      else reject(error as Error)
    })
  })
}
