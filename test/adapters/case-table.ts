import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Reply, send, type Sent } from './request.js'
import { createWorld, type TokenName, type World } from './world.js'

/** A framework's own server, with the routes of the table. */
export interface Host {
  readonly port: number
  readonly close: () => Promise<unknown>
}

/** Starts a host. It stands in a file of JavaScript, as its users write one. */
export type StartHost = (world: World) => Promise<Host>

export interface Hosted {
  readonly send: (path: string, sent?: Partial<Sent>) => Promise<Reply>
  readonly tokens: Readonly<Record<TokenName, string>>
}

/** Starts a host once for the whole file. */
export function hosted(start: StartHost): Hosted {
  const state: { world?: World; host?: Host } = {}
  beforeAll(async () => {
    state.world = await createWorld()
    state.host = await start(state.world)
  })
  afterAll(async () => {
    await state.host?.close()
    await state.world?.close()
  })
  return {
    send: (path, sent) => send(state.host?.port ?? 0, path, sent),
    get tokens() {
      if (state.world === undefined) throw new Error('the host is not started')
      return state.world.tokens
    },
  }
}

const BARE = 'Bearer realm="revocade"'
const invalid = (why: string, scheme = 'Bearer'): string =>
  `${scheme} realm="revocade", error="invalid_token", error_description="${why}"`

const MALFORMED = invalid('the token is malformed')
const REVOKED = invalid('the token was revoked')
const EXPIRED = invalid('the token has expired')
const SEVERAL = invalid('there must be one header Authorization, with one token')

/** Where a header stands for a token: `good` in `Bearer {good}`. */
const filled = (values: readonly string[], tokens: Readonly<Record<string, string>>): string[] =>
  values.map((value) => value.replace(/\{(\w+)\}/, (_, name: string) => tokens[name] ?? ''))

function refused(reply: Reply, challenge: string): void {
  expect([reply.status, reply.headers['www-authenticate'], reply.headers['cache-control']]).toEqual([
    401,
    challenge,
    'no-store',
  ])
  expect(reply.claims ?? null).toBeNull()
}

type Refused = readonly [title: string, authorization: readonly string[], challenge: string]

/** What is refused whether or not it was verified. Joined lines are seen by what reads `Headers`. */
const REFUSED: readonly Refused[] = [
  ['a revoked token', ['Bearer {revoked}'], REVOKED],
  ['a revoked token that is respelt', ['bearer   {revoked}=='], REVOKED],
  ['a token of a revoked user', ['Bearer {ofRevokedUser}'], REVOKED],
  ['an expired token', ['Bearer {expired}'], EXPIRED],
  ['a scheme alone', ['Bearer'], MALFORMED],
  ['a token with a space', ['Bearer {good} x'], MALFORMED],
  ['a token with a comma', ['Bearer {good},Bearer {good}'], MALFORMED],
  ['a JWT that is damaged', ['Bearer eyJhbGciOiJIUzI1NiJ9.AAAA.AAAA'], MALFORMED],
  ['another scheme', ['Basic dTpw'], BARE],
  ['a revoked DPoP token', ['DPoP {revoked}'], invalid('the token was revoked', 'DPoP')],
]

/** How a host shows two lines of one header: each of them, or joined by commas. */
export interface SuiteOptions {
  readonly twoLines?: 'seen' | 'joined'
}

/** The case table: what every adapter must do, with the framework's own server. */
export function adapterSuite(host: Hosted, { twoLines = 'seen' }: SuiteOptions = {}): void {
  const ask = (path: string, authorization: readonly string[], method = 'GET'): Promise<Reply> =>
    host.send(path, { authorization: filled(authorization, host.tokens), method })
  const two = twoLines === 'seen' ? SEVERAL : MALFORMED

  describe('a guard lets pass', () => {
    it.each(['Bearer {good}', 'bearer {good}', 'DPoP {good}'])('a good token: %s', async (value) => {
      expect((await ask('/plain', [value])).status).toBe(200)
    })

    it('a verified token, and hands its claims over', async () => {
      const { status, claims } = await ask('/verified', ['Bearer {good}'])
      expect([status, claims]).toEqual([200, expect.objectContaining({ jti: 'good' })])
    })

    it('HEAD and OPTIONS with a good token', async () => {
      expect(await ask('/plain', ['Bearer {good}'], 'HEAD')).toMatchObject({ status: 200, text: '' })
      expect((await ask('/plain', ['Bearer {good}'], 'OPTIONS')).status).toBe(200)
    })

    it('nobody, where a token is optional', async () => {
      expect(await ask('/optional', [])).toMatchObject({ status: 200, claims: null })
    })
  })

  describe.each(['/plain', '/optional'])('a guard refuses at %s', (path) => {
    it.each(REFUSED)('%s', async (_, authorization, challenge) => {
      refused(await ask(path, authorization), challenge)
    })

    it.each([
      ['good', 'revoked'],
      ['revoked', 'good'],
      ['good', 'good'],
    ])('two headers: %s and %s', async (...names) => {
      const lines = names.map((name) => `Bearer {${name}}`)
      refused(await ask(path, lines), two)
    })
  })

  describe('a guard refuses', () => {
    if (twoLines === 'seen')
      it('a request with so many header lines that Node.js may have dropped its token', async () => {
        const lines = Array.from({ length: 1100 }, (_, i) => [`a${i}`, 'b'] as const)
        const headers = Object.fromEntries([['host', 'app.example'], ...lines])
        const authorization = filled(['Bearer {revoked}'], host.tokens)
        for (const path of ['/optional', '/plain'])
          refused(await host.send(path, { authorization, headers }), SEVERAL)
      })

    it('a request without a token, and names no error', async () => {
      refused(await ask('/plain', []), BARE)
    })

    it('HEAD of a revoked token without a body, and a preflight without a token', async () => {
      const reply = await ask('/plain', ['Bearer {revoked}'], 'HEAD')
      refused(reply, REVOKED)
      expect(reply.text).toBe('')
      refused(await ask('/plain', [], 'OPTIONS'), BARE)
    })

    it('whatever path or query the client adds', async () => {
      refused(await host.send('/plain?required=false&access_token=x&policy=optional'), BARE)
    })

    it('a forged token, where it verifies', async () => {
      refused(await ask('/verified', ['Bearer {forged}']), invalid('the token is not valid'))
    })

    it('a revoked token that it has verified', async () => {
      refused(await ask('/verified', ['Bearer {revoked}']), REVOKED)
      refused(await ask('/verified', ['Bearer {ofRevokedUser}']), REVOKED)
    })

    it('revoked claims that were verified before', async () => {
      expect((await ask('/claims', ['Bearer {good}'])).status).toBe(200)
      refused(await ask('/claims', ['Bearer {revoked}']), REVOKED)
      refused(await ask('/claims', []), BARE)
    })

    it('a token whose keys can not be fetched, with 503', async () => {
      unavailable(await ask('/no-keys', ['Bearer {good}']))
    })
  })

  describe('when nothing can decide, a guard', () => {
    it('answers 503 under the policy throw', async () => {
      unavailable(await ask('/unknown/throw', ['Bearer {good}']))
    })

    it('answers 401 under the policy revoked', async () => {
      refused(await ask('/unknown/revoked', ['Bearer {good}']), REVOKED)
    })

    it('lets pass under the policy active', async () => {
      const { status, claims } = await ask('/unknown/active', ['Bearer {good}'])
      expect([status, claims]).toEqual([200, expect.objectContaining({ jti: 'good' })])
    })
  })
}

/** A 503 that says when to ask again. */
export function unavailable(reply: Reply): void {
  expect([reply.status, reply.headers['retry-after'], reply.headers['cache-control']]).toEqual([
    503,
    '1',
    'no-store',
  ])
  expect(reply.claims ?? null).toBeNull()
}

/** Of a hook for a library that verifies JWTs: what it must do at `/library` and `/library-dark`. */
export function librarySuite(host: Hosted): void {
  const ask = (path: string, name: TokenName): Promise<Reply> =>
    host.send(path, { authorization: [`Bearer ${host.tokens[name]}`] })

  describe('its hook', () => {
    it.each(['/library', '/library-optional'])('lets a good token pass at %s', async (path) => {
      const { status, claims } = await ask(path, 'good')
      expect([status, claims]).toEqual([200, expect.objectContaining({ jti: 'good' })])
    })

    it.each(['/library', '/library-optional'])('refuses a revoked token at %s', async (path) => {
      refused(await ask(path, 'revoked'), REVOKED)
      refused(await ask(path, 'ofRevokedUser'), REVOKED)
    })

    it.each(['/library-dark', '/library-dark-optional'])('makes an outage 503 at %s', async (path) => {
      unavailable(await ask(path, 'good'))
    })

    it('refuses two headers', async () => {
      const { good, revoked } = host.tokens
      const authorization = [`Bearer ${good}`, `Bearer ${revoked}`]
      expect((await host.send('/library', { authorization })).status).toBe(401)
    })
  })
}

export { EXPIRED, refused, REVOKED }
