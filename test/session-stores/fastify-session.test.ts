import cookie from '@fastify/cookie'
import session, { type SessionStore } from '@fastify/session'
import fastify, { type FastifyInstance } from 'fastify'
import { createRevocade, type Revocade } from 'revocade'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { revocable } from '#dist/session-stores/index.js'
import { temporaryDirectory } from '../support/temp.js'
import { engineWithSwitch, latch, LIFETIME } from './engine.js'

declare module 'fastify' {
  interface Session {
    user?: string
    loggedInAt?: number
    seen?: number
  }
}

let revocade: Revocade
beforeAll(async () => {
  revocade = await createRevocade({
    store: `${temporaryDirectory()}/revocade.db`,
    maxTokenLifetimeSeconds: LIFETIME,
  })
})
afterAll(() => revocade.close())

const isIn = latch()
const mayGo = latch()

async function application(engine: Revocade, wrapped = true): Promise<FastifyInstance> {
  const store: SessionStore = new session.MemoryStore()
  const app = fastify()
  await app.register(cookie)
  await app.register(session, {
    secret: 'of a test, and of nothing else, 32 characters',
    cookie: { secure: false },
    store: wrapped
      ? revocable(store, engine, {
          lifetimeSeconds: LIFETIME,
          claimsOf: ({ user, loggedInAt }) => ({ sub: user, iat: loggedInAt }),
        })
      : store,
  })
  app.get<{ Params: { user: string } }>('/login/:user', async (request) => {
    await request.session.regenerate()
    request.session.user = request.params.user
    request.session.loggedInAt = Date.now() / 1000
    return request.params.user
  })
  app.get('/logout', async (request) => {
    await request.session.destroy()
    return 'bye'
  })
  app.get('/slow', async (request) => {
    isIn.open()
    await mayGo.opened
    request.session.seen = Date.now()
    return 'slow'
  })
  app.get('/reloaded', async (request) => {
    await request.session.reload()
    return request.session.user ?? 'nobody'
  })
  app.get('/me', (request) => Promise.resolve(request.session.user ?? 'nobody'))
  return app
}

/** Logs in, and returns what sends requests with that cookie. */
async function login(app: FastifyInstance, user: string): Promise<(url: string) => Promise<string>> {
  const { cookies } = await app.inject(`/login/${user}`)
  const sessionId = cookies.find(({ name }) => name === 'sessionId')?.value ?? ''
  return async (url) => {
    const { statusCode, body } = await app.inject({ url, cookies: { sessionId } })
    return statusCode === 200 ? body : `${statusCode}`
  }
}

it.each([
  ['the logout', (get: (url: string) => Promise<string>) => get('/logout')],
  ['revokeWhere by its user', (_: unknown, sub: string) => revocade.revokeWhere({ sub })],
])('a slow request does not bring a session back after %s', async (_what, end) => {
  const app = await application(revocade)
  const user = crypto.randomUUID()
  const [get, other] = [await login(app, user), await login(app, 'bob')]
  expect(await get('/me')).toBe(user)
  const slow = get('/slow')
  await isIn.opened
  await end(get, user)
  mayGo.open()
  expect(await slow).toBe('slow')
  for (const url of ['/me', '/reloaded']) expect(await get(url)).toBe('nobody')
  expect(await other('/me')).toBe('bob')
  await app.close()
})

it('an unknown answer is an error, and the session is not lost', async () => {
  const { revocade, away } = await engineWithSwitch({ onUnknown: 'revoked' })
  const app = await application(revocade)
  const get = await login(app, 'ann')
  away(true)
  expect(await get('/me')).toBe('503')
  away(false)
  expect(await get('/me')).toBe('ann')
  await app.close()
  await revocade.close()
})
