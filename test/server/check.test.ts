import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Reply, send, type Sent } from '../adapters/request.js'
import { exchange, forge, mint, sidecar } from './sidecar.js'

let server: Awaited<ReturnType<typeof sidecar>>
let good: string
let revoked: string

beforeAll(async () => {
  server = await sidecar({
    policies: { public: { required: false } },
    tokenCookie: 'session',
    tokenHeader: 'X-Access-Token',
  })
  ;[good, revoked] = await Promise.all([mint(), mint()])
  await server.engine.revoke(revoked)
})

afterAll(() => server.close())

const ask = (token: string | undefined, sent: Partial<Sent> & { path?: string } = {}): Promise<Reply> =>
  send(server.check, sent.path ?? '/check', {
    authorization: token === undefined ? [] : [`Bearer ${token}`],
    ...sent,
  })

const shown = ({ status, headers, text }: Reply): unknown[] => [
  status,
  headers['content-length'],
  headers['cache-control'],
  headers['www-authenticate'],
  text,
]
const INVALID = (why: string): string =>
  `Bearer realm="revocade", error="invalid_token", error_description="${why}"`
const refused = (challenge: string): unknown[] => [401, '0', 'no-store', challenge, '']

describe('/check', () => {
  it.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'QUERY'])(
    'answers %s alike: 200 for a good token, 401 for a revoked one',
    async (method) => {
      const reply = await ask(good, { method })
      expect(shown(reply)).toEqual([200, '0', 'no-store', undefined, ''])
      expect([reply.headers['x-revocade-status'], reply.headers['x-revocade-verified']]).toEqual([
        'active',
        'signature',
      ])
      expect(shown(await ask(revoked, { method }))).toEqual(refused(INVALID('the token was revoked')))
    },
  )

  it('refuses a token that is too long to be revoked, whatever its claims are', async () => {
    const long = await mint({ roles: Array.from({ length: 1000 }, (_, i) => `role-of-a-user-${i}`) })
    expect(long.length).toBeGreaterThan(server.engine.maxTokenBytes)
    expect(shown(await ask(long))).toEqual(refused(INVALID('the token is malformed')))
  })

  it('refuses a forged, an expired, a damaged and a missing token with 401', async () => {
    const expired = await mint({ exp: Math.floor(Date.now() / 1000) - 5 })
    expect(shown(await ask(await forge()))).toEqual(refused(INVALID('the token is not valid')))
    expect(shown(await ask(expired))).toEqual(refused(INVALID('the token has expired')))
    expect(shown(await ask('a b'))).toEqual(refused(INVALID('the token is malformed')))
    expect(shown(await ask(undefined))).toEqual(refused('Bearer realm="revocade"'))
    const basic = await send(server.check, '/check', { authorization: ['Basic YTpi'] })
    expect(shown(basic)).toEqual(refused('Bearer realm="revocade"'))
  })

  it('refuses two headers Authorization, of which Node.js shows a handler the first', async () => {
    const reply = await send(server.check, '/check', {
      authorization: [`Bearer ${good}`, `Bearer ${revoked}`],
    })
    expect(reply.status).toBe(401)
  })

  it.each([
    '/check?required=false',
    '/check/public',
    '/check/../policy/public/check',
    '/check/%zz',
    '/check?token=x',
  ])('is not led elsewhere by %s', async (path) => {
    expect((await ask(undefined, { path })).status).toBe(401)
    expect((await ask(good, { path })).status).toBe(200)
  })

  it('has policies by name, and no others', async () => {
    const anonymous = await ask(undefined, { path: '/policy/public/check/x?y' })
    expect([anonymous.status, anonymous.headers['x-revocade-status']]).toEqual([200, 'anonymous'])
    expect((await ask(revoked, { path: '/policy/public/check' })).status).toBe(401)
    expect((await ask(good, { path: '/policy/other/check' })).status).toBe(404)
    expect((await ask(good, { path: '/checks' })).status).toBe(404)
  })

  it('answers before a body comes, and then ends the connection', async () => {
    const head = `POST /check HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${good}\r\n`
    for (const body of [
      'Content-Length: 7\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Content-Length: 7\r\nExpect: 100-continue\r\n',
    ]) {
      const answer = await exchange(server.check, `${head}${body}\r\n`)
      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
      expect(answer).toContain('\r\nConnection: close\r\n')
    }
  })

  it('accepts a token of 16 KiB', async () => {
    const large = await mint({ pad: 'x'.repeat(11_500) })
    expect(large.length).toBeGreaterThan(15_000)
    expect((await ask(large)).status).toBe(200)
  })

  it('checks the cookie and the header that are configured, and all of them', async () => {
    const by = (headers: Record<string, string>, token?: string) => ask(token, { headers })
    expect((await by({ cookie: `a=b; session=${good}` })).status).toBe(200)
    expect((await by({ 'x-access-token': good })).status).toBe(200)
    expect((await by({ cookie: `session=${revoked}` })).status).toBe(401)
    expect((await by({ 'x-access-token': revoked }, good)).status).toBe(401)
    expect((await by({ cookie: `session=${good}; session=${revoked}` })).status).toBe(401)
    // Two lines as some proxies join them.
    expect((await by({ cookie: `a=b,session=${revoked}` }, good)).status).toBe(401)
    expect((await by({ cookie: `a=b; c=d, session =${revoked}` }, good)).status).toBe(401)
    expect((await by({ cookie: `session=${good},session=${revoked}` })).status).toBe(401)
    expect((await by({ cookie: `a=b,session=${good}; c=d` })).status).toBe(200)
    expect((await by({ cookie: 'a=b,session' }, good)).status).toBe(401)
    expect((await by({ cookie: `a=b,c=session=${revoked}` }, good)).status).toBe(200)
    expect((await by({ 'x-access-token': good, cookie: `session=${revoked}` }, good)).status).toBe(401)
  })

  it.each([
    ['in quotes', (token: string) => `"${token}"`],
    ['percent-encoded', (token: string) => token.replace('.', '%2E')],
    ['empty', () => ''],
  ])('refuses a cookie that is spelt otherwise: %s', async (_how, spell) => {
    expect((await ask(undefined, { headers: { cookie: `session=${spell(revoked)}` } })).status).toBe(401)
    expect((await ask(good, { headers: { cookie: `session=${spell(revoked)}` } })).status).toBe(401)
  })
})

describe('the listener for proxies', () => {
  it('keeps a connection for the next request, for longer than proxies do', async () => {
    const { headers } = await ask(good, { headers: { connection: 'keep-alive' } })
    expect(headers['keep-alive']).toBe('timeout=130')
  })

  it.each([
    ['GARBAGE\r\n\r\n', '400 Bad Request'],
    ['GET /check HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', '400 Bad Request'],
    [
      `GET /check HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`,
      '431 Request Header Fields Too Large',
    ],
  ])('refuses what is not HTTP: %#', async (text, status) => {
    const answer = await exchange(server.check, text)
    expect(answer).toBe(
      `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\nCache-Control: no-store\r\n\r\n`,
    )
  })

  it('says that it lives and is ready', async () => {
    for (const path of ['/livez', '/readyz']) {
      const reply = await ask(undefined, { path })
      expect([reply.status, reply.text, reply.headers['cache-control']]).toEqual([200, 'ok\n', 'no-store'])
    }
    expect((await ask(undefined, { path: '/readyz', method: 'POST' })).status).toBe(404)
    expect((await ask(undefined, { path: '/revocations' })).status).toBe(404)
  })
})
