import { createRevocade, type Revocade } from 'revocade'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { revocableStorage } from '#dist/session-stores/index.js'
import { temporaryDirectory } from '../support/temp.js'
import { engineWithSwitch, LIFETIME } from './engine.js'

interface Auth {
  handler(request: Request): Promise<Response>
}

// Its types need those of browsers: the compiler must not follow the import.
const [MAIN, MEMORY]: string[] = ['better-auth', 'better-auth/adapters/memory']
const { betterAuth } = (await import(MAIN ?? '')) as { betterAuth: (options: object) => Auth }
const { memoryAdapter } = (await import(MEMORY ?? '')) as {
  memoryAdapter: (tables: Record<string, unknown[]>) => unknown
}

const ORIGIN = 'http://localhost:3000'
const password = 'correct horse battery'

let revocade: Revocade
beforeAll(async () => {
  revocade = await createRevocade({
    store: `${temporaryDirectory()}/revocade.db`,
    maxTokenLifetimeSeconds: LIFETIME,
  })
})
afterAll(() => revocade.close())

/** A storage as better-auth's documentation has it, over a map. */
class Storage {
  readonly values = new Map<string, string>()
  /** Called after each read. */
  afterGet: (key: string) => Promise<unknown> = () => Promise.resolve()

  async get(key: string): Promise<string | null> {
    const value = this.values.get(key) ?? null
    await this.afterGet(key)
    return value
  }
  set(key: string, value: string, _ttl?: number): void {
    this.values.set(key, value)
  }
  delete(key: string): void {
    this.values.delete(key)
  }
  getAndDelete(key: string): string | null {
    const value = this.values.get(key) ?? null
    this.values.delete(key)
    return value
  }
  increment(key: string): number {
    const count = Number(this.values.get(key) ?? 0) + 1
    this.values.set(key, String(count))
    return count
  }
}

function authWith(secondaryStorage: Storage, storeSessionInDatabase = false): Auth {
  return betterAuth({
    baseURL: ORIGIN,
    secret: 'of a test, and of nothing else, 32 characters',
    database: memoryAdapter({ user: [], account: [], session: [], verification: [] }),
    secondaryStorage,
    emailAndPassword: { enabled: true },
    // Every look at a session refreshes it: the request that brings sessions back.
    session: { expiresIn: LIFETIME, updateAge: 0, storeSessionInDatabase },
    rateLimit: { enabled: true, window: 60, max: 1000, customRules: { '/sign-up/*': false } },
    logger: { disabled: true },
    telemetry: { enabled: false },
  })
}

/** Signs up, and returns what sends requests with that cookie. */
async function signUp(auth: Auth) {
  const email = `${crypto.randomUUID()}@example.com`
  const signIn = async (path: string) => {
    const response = await post(auth, path, { email, password, name: 'Ann' })
    expect(response.status).toBe(200)
    const cookie = response.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    const { token, user } = (await response.json()) as { token: string; user: { id: string } }
    const send = (to: string) => post(auth, to, {}, cookie)
    const me = async (): Promise<string> => {
      const response = await auth.handler(
        new Request(`${ORIGIN}/api/auth/get-session`, { headers: { cookie } }),
      )
      if (response.status !== 200) return String(response.status)
      const found = (await response.json()) as { user: { email: string } } | null
      return found === null ? 'nobody' : found.user.email === email ? 'ann' : 'somebody else'
    }
    return { token, user: user.id, send, me }
  }
  return { ...(await signIn('/sign-up/email')), again: () => signIn('/sign-in/email') }
}

const post = (auth: Auth, path: string, body: object, cookie = ''): Promise<Response> =>
  auth.handler(
    new Request(`${ORIGIN}/api/auth${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: ORIGIN, cookie },
      body: JSON.stringify(body),
    }),
  )

describe.each([false, true])('better-auth, storeSessionInDatabase: %s', (inDatabase) => {
  const secured = () => {
    const storage = new Storage()
    return {
      storage,
      auth: authWith(revocableStorage(storage, revocade, { lifetimeSeconds: LIFETIME }), inDatabase),
    }
  }

  it('works as before, with other keys beside sessions', async () => {
    const { storage, auth } = secured()
    const ann = await signUp(auth)
    expect(await ann.me()).toBe('ann')
    const second = await ann.again()
    expect([await ann.me(), await second.me()]).toEqual(['ann', 'ann'])
    expect([...storage.values.keys()]).toEqual(
      expect.arrayContaining([ann.token, second.token, `active-sessions-${ann.user}`]),
    )
    expect((await second.send('/sign-out')).status).toBe(200)
    expect([await ann.me(), await second.me()]).toEqual(['ann', 'nobody'])
  })

  it('does not revive a session that is refreshed while it signs out', async () => {
    const { storage, auth } = secured()
    const ann = await signUp(auth)
    const taken = storage.values.get(ann.token) ?? ''
    // The refresh has read the session; then it signs out; then the refresh writes.
    let isFirst = true
    storage.afterGet = async (key) => {
      if (key !== ann.token || !isFirst) return
      isFirst = false
      expect((await ann.send('/sign-out')).status).toBe(200)
    }
    await ann.me()
    expect(isFirst).toBe(false)
    expect(storage.values.has(ann.token)).toBe(false)
    expect(await ann.me()).toBe('nobody')
    storage.set(ann.token, taken) // another process has put it back
    expect(await ann.me()).toBe('nobody')
  })

  it('ends sessions by revokeWhere, and later logins live', async () => {
    const { storage, auth } = secured()
    const [ann, other] = [await signUp(auth), await signUp(auth)]
    const value = JSON.parse(storage.values.get(ann.token) ?? '') as { session: { createdAt: string } }
    value.session.createdAt = new Date(Date.now() - 60_000).toISOString()
    storage.set(ann.token, JSON.stringify(value))
    expect(await ann.me()).toBe('ann')
    await revocade.revokeWhere({ sub: ann.user }, { issuedBefore: new Date(Date.now() - 30_000) })
    expect([await ann.me(), await ann.me(), await other.me()]).toEqual(['nobody', 'nobody', 'ann'])
    expect(await (await ann.again()).me()).toBe('ann')
  })

  it('ends all sessions of a user by its own call', async () => {
    const { storage, auth } = secured()
    const ann = await signUp(auth)
    const second = await ann.again()
    const taken = storage.values.get(ann.token) ?? ''
    expect((await second.send('/revoke-sessions')).status).toBe(200)
    storage.set(ann.token, taken)
    storage.delete(`revoked-sessions-before-${ann.user}`)
    expect([await ann.me(), await second.me()]).toEqual(['nobody', 'nobody'])
  })
})

describe('revocableStorage', () => {
  it('an unknown answer is an error, and the session is not lost', async () => {
    const { revocade, away } = await engineWithSwitch({ onUnknown: 'revoked' })
    const auth = authWith(revocableStorage(new Storage(), revocade, { lifetimeSeconds: LIFETIME }))
    const ann = await signUp(auth)
    away(true)
    expect(await ann.me()).toBe('500')
    away(false)
    expect(await ann.me()).toBe('ann')
    await revocade.close()
  })

  it('revokes a session under a key of another form, and no other key', async () => {
    const value = JSON.stringify({ session: { token: 'my-token', userId: 'u' }, user: { id: 'u' } })
    const storage = new Storage()
    // As better-auth does: it takes methods off the object.
    const { get, set, remove, take, increment } = unbound(
      revocableStorage(storage, revocade, { lifetimeSeconds: LIFETIME }),
    )
    await set('my-token', value)
    await remove('my-token')
    await set('my-token', value)
    expect(storage.values.has('my-token')).toBe(false)
    storage.set('my-token', value) // another process has put it back
    expect([await get('my-token'), await take('my-token')]).toEqual(['null', 'null'])
    for (const text of [value, '{broken', '7']) {
      await set('verification:a', text)
      expect(await get('verification:a')).toBe(text)
      expect(await take('verification:a')).toBe(text)
      await remove('verification:a')
    }
    expect([await increment('n'), await increment('n')]).toEqual([1, 2])
  })

  it('reads values that the storage has parsed, and sessions without a time', async () => {
    const session = { token: 'parsed', userId: 'v', createdAt: new Date(Date.now() - 60_000) }
    let value: object = { session, user: {} }
    const storage = { get: () => value, set: () => undefined, delete: () => undefined }
    const { get } = unbound(revocableStorage(storage, revocade, { lifetimeSeconds: LIFETIME }))
    expect(await get('parsed')).toBe(value)
    await revocade.revokeWhere({ sub: 'v' }, { issuedBefore: new Date(Date.now() - 120_000) })
    expect(await get('parsed')).toBe(value)
    value = { session: { ...session, createdAt: undefined }, user: {} }
    expect(await get('parsed')).toBe('null')
  })

  it('refuses a life that is longer than revocations by claims are kept', () => {
    expect(() => revocableStorage(new Storage(), revocade, { lifetimeSeconds: LIFETIME + 1 })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG' }),
    )
  })
})

type Method = (key: string, value?: string) => unknown

function unbound(storage: object): Record<'get' | 'set' | 'remove' | 'take' | 'increment', Method> {
  const method = (name: string): Method => Reflect.get(storage, name) as Method
  return {
    get: method('get'),
    set: method('set'),
    remove: method('delete'),
    take: method('getAndDelete'),
    increment: method('increment'),
  }
}
