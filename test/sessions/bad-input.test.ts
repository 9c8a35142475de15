import type { RevocadeOptions } from 'revocade'
import { describe, expect, it } from 'vitest'
import { createSessions, type Sessions } from '#dist/sessions/index.js'
import { MemoryStore } from '#dist/testing/index.js'
import { open } from '../support/engine.js'
import { ourError } from '../support/errors.js'
import { DAY_SECONDS, openWorld, sidsOf } from '../support/sessions.js'

/** A value of every type, and of every form that is nearly right. */
const VALUES: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -1,
  NaN,
  Infinity,
  1n,
  Symbol('x'),
  '',
  'u',
  'a\0b',
  '\ud800',
  'x'.repeat(256),
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJl',
  [],
  ['u'],
  {},
  { sub: 'u' },
  new Map(),
  new Date(0),
  new Uint8Array(16),
  () => 'u',
]

const CODES = ['ERR_CONFIG', 'ERR_INVALID_TOKEN', 'ERR_REFRESH_REFUSED', 'ERR_LOGIN_REFUSED']

/** What a call came to: its error's code, or 'fine'. */
async function outcome(call: () => Promise<unknown>): Promise<unknown> {
  return call().then(
    () => 'fine',
    (error: unknown) => {
      expect(error).toMatchObject({ name: 'RevocadeError' })
      return typeof error === 'object' && error !== null && 'code' in error ? error.code : error
    },
  )
}

/** Calls with a wrong value in one place; JavaScript has no types. */
function calls(given: Sessions, refreshToken: string): readonly ((value: unknown) => Promise<unknown>)[] {
  const sessions = given as unknown as Record<keyof Sessions, (...values: unknown[]) => Promise<unknown>>
  return [
    (value) => sessions.create(value),
    ...['sub', 'clientId', 'sid', 'jkt', 'details', 'other'].map(
      (name) => (value: unknown) => sessions.create({ sub: 'v', [name]: value }),
    ),
    (value) => sessions.create({ sub: 'v', details: { value } }),
    (value) => sessions.rotate(value),
    ...['clientId', 'jkt', 'details', 'other'].map(
      (name) => (value: unknown) => sessions.rotate(refreshToken, { clientId: 'wrong', [name]: value }),
    ),
    (value) => sessions.find(value),
    (value) => sessions.get(value),
    (value) => sidsOf(given, value as { sub: string }),
    (value) => sidsOf(given, { sub: value } as { sub: string }),
    (value) => sidsOf(given, { sid: value } as { sid: string }),
    (value) => sessions.revoke({ sid: 'none', clientId: value }),
    (value) => sessions.revoke({ refreshToken: value }),
    (value) => sessions.revoke({ sub: 'nobody', except: value }),
    ...['reason', 'actor', 'ack', 'other'].map(
      (name) => (value: unknown) => sessions.revoke({ sid: 'none' }, { [name]: value }),
    ),
  ]
}

describe('bad input to sessions', () => {
  it('S11: of every type in every place is a coded error or harmless, and ends nothing', async () => {
    const { sessions, events } = await openWorld()
    const issued = await sessions.create({ sub: 'somebody', clientId: 'app' })
    const seen = new Set<unknown>()
    for (const call of calls(sessions, issued.refreshToken))
      for (const value of VALUES) seen.add(await outcome(() => call(value)))
    expect([...seen].filter((code) => code !== 'fine' && !CODES.includes(String(code)))).toEqual([])
    expect(events.filter(({ session }) => session.sid === issued.session.sid)).toEqual([])
    expect(await sidsOf(sessions, { sub: 'somebody' })).toEqual([issued.session.sid])
    expect(await outcome(() => sessions.rotate(issued.refreshToken, { clientId: 'app' }))).toBe('fine')
  })

  it('S11: errors hold nothing of a refresh token', async () => {
    const { sessions } = await openWorld()
    const { refreshToken } = await sessions.create({ sub: 'u' })
    for (const token of [refreshToken, refreshToken.slice(0, -1), `${refreshToken}=`]) {
      const refused = await sessions.rotate(token, { clientId: 'wrong' }).catch((error: unknown) => error)
      expect(refused).toMatchObject({
        message: 'the refresh token is not valid: log in again',
        statusCode: 400,
      })
      expect(JSON.stringify(refused) + String(refused)).not.toContain(token.slice(3, 20))
    }
  })

  it('details are at most 1,024 bytes, and flat', async () => {
    const { sessions } = await openWorld()
    const fits = { text: 'ü'.repeat(506) }
    expect(Buffer.byteLength(JSON.stringify(fits))).toBe(1023)
    expect((await sessions.create({ sub: 'u', details: fits })).session.details).toEqual(fits)
    const long = sessions.create({ sub: 'u', details: { text: 'ü'.repeat(507) } })
    await expect(long).rejects.toEqual(ourError('ERR_CONFIG', '1024 bytes'))
  })
})

describe('createSessions', () => {
  const engine = (options: RevocadeOptions) =>
    open({ store: new MemoryStore(), maxTokenLifetimeSeconds: 90 * DAY_SECONDS, ...options })

  it('refuses an engine that does not fit', async () => {
    const refused: readonly (readonly [RevocadeOptions, string])[] = [
      [{ claims: ['sub'] }, "sessions need 'sid' in the option 'claims'"],
      [{ claims: ['sid'] }, "sessions need 'sub' in the option 'claims'"],
      [{ maxTokenLifetimeSeconds: undefined }, "need the option 'maxTokenLifetimeSeconds'"],
      [{ maxTokenLifetimeSeconds: 3600 }, "'absoluteSeconds' is 7776000, longer than"],
    ]
    for (const [options, message] of refused) {
      const revocade = await engine(options)
      expect(() => createSessions(revocade)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }))
      expect(() => createSessions(revocade)).toThrow(message)
    }
  })

  it('refuses a store that keeps none, and what is no engine', async () => {
    const store = Object.defineProperty(new MemoryStore(), 'sessions', { value: undefined })
    const revocade = await engine({ store })
    expect(() => createSessions(revocade)).toThrow("the store (memory) can't keep sessions")
    for (const wrong of [undefined, {}, { ...revocade }])
      expect(() => createSessions(wrong as typeof revocade)).toThrow('createSessions() needs an engine')
  })

  it('refuses options that are unknown or out of range', async () => {
    const revocade = await engine({})
    const wrong: readonly (readonly [string, readonly unknown[]])[] = [
      ['idleSeconds', [0, -1, NaN, '10', null]],
      ['absoluteSeconds', [0, 91 * DAY_SECONDS, '10']],
      ['accessTokenSeconds', [0, 91 * DAY_SECONDS, '10']],
      ['replaySeconds', [-1, 61, NaN, '10']],
      ['rotation', ['never', 1, null]],
      ['perSubject', [1, {}, { max: 1 }, { atLimit: 'refuse' }, { max: 0, atLimit: 'refuse' }]],
      [
        'perSubject',
        [
          { max: 1.5, atLimit: 'refuse' },
          { max: 1, atLimit: 'none' },
        ],
      ],
      ['perSubject', [{ max: 1, atLimit: 'refuse', other: 1 }]],
      ['onEvent', ['console.log', {}]],
      ['replaySecond', [1]],
    ]
    for (const [name, values] of wrong)
      for (const value of values)
        expect(() => createSessions(revocade, { [name]: value }), `${name} ${String(value)}`).toThrow(
          expect.objectContaining({ code: 'ERR_CONFIG' }),
        )
  })

  it('needs the selector of applications only where there are some', async () => {
    const sessions = createSessions(await engine({}))
    const needed = ourError('ERR_CONFIG', `sessions need ["sid","client_id"] in the option 'claims'`)
    await expect(sessions.create({ sub: 'u', clientId: 'app' })).rejects.toEqual(needed)
    await expect(sessions.revoke({ sid: 's', clientId: 'app' })).rejects.toEqual(needed)
    expect((await sessions.create({ sub: 'u' })).claims.sub).toBe('u')
  })
})
