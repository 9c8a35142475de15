import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { send } from '../adapters/request.js'
import { CLIENT, forge, ISSUER, mint, OTHER_CLIENT, sidecar } from './sidecar.js'

let server: Awaited<ReturnType<typeof sidecar>>
let as: oauth.AuthorizationServer
// eslint-disable-next-line @typescript-eslint/no-deprecated -- so that nobody forgets it is for tests
const http = { [oauth.allowInsecureRequests]: true }

beforeAll(async () => {
  server = await sidecar({ introspectionMaxAgeSeconds: 600 })
  const base = `http://127.0.0.1:${server.admin}`
  as = { issuer: ISSUER, revocation_endpoint: `${base}/revoke`, introspection_endpoint: `${base}/introspect` }
})

afterAll(() => server.close())

interface Given {
  readonly client?: { readonly id: string; readonly secret: string }
  readonly auth?: (secret: string) => oauth.ClientAuth
  readonly hint?: string
}

const basic = oauth.ClientSecretBasic
const parameters = (hint: string | undefined) => ({
  ...http,
  additionalParameters: hint === undefined ? {} : { token_type_hint: hint },
})

async function revoke(token: string, { client = CLIENT, auth = basic, hint }: Given = {}): Promise<void> {
  const by = { client_id: client.id }
  const reply = await oauth.revocationRequest(as, by, auth(client.secret), token, parameters(hint))
  await oauth.processRevocationResponse(reply)
}

async function introspect(token: string, given: Given = {}): Promise<oauth.IntrospectionResponse> {
  const { client = CLIENT, auth = basic, hint } = given
  const by = { client_id: client.id }
  const reply = await oauth.introspectionRequest(as, by, auth(client.secret), token, parameters(hint))
  return oauth.processIntrospectionResponse(as, by, reply)
}

const statusAtCheck = async (token: string): Promise<number> =>
  (await send(server.check, '/check', { authorization: [`Bearer ${token}`] })).status

const FORM = 'application/x-www-form-urlencoded'
const basicOf = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
const AUTHORIZED = basicOf(encodeURIComponent(CLIENT.id), encodeURIComponent(CLIENT.secret))

/** A request that no strict client would make. */
const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.admin}${path}`, {
    method: 'POST',
    body,
    headers: { authorization: AUTHORIZED, 'content-type': FORM, ...headers },
  })

async function refusal(reply: Response): Promise<unknown[]> {
  const { error } = (await reply.json()) as { error: string }
  expect(reply.headers.get('cache-control')).toBe('no-store')
  expect(reply.headers.get('content-type')).toMatch(/^application\/json/)
  return [reply.status, error]
}

describe('/revoke', () => {
  it.each([undefined, 'access_token', 'refresh_token', 'what'])(
    'revokes a token of a strict client, with the hint %s: the next request is refused',
    async (hint) => {
      const token = await mint()
      expect(await statusAtCheck(token)).toBe(200)
      await revoke(token, hint === undefined ? {} : { hint })
      expect(await statusAtCheck(token)).toBe(401)
      await revoke(token)
    },
  )

  it.each([
    ['HTTP Basic', oauth.ClientSecretBasic],
    ['the form', oauth.ClientSecretPost],
  ])('takes the credentials of the client by %s', async (_way, auth) => {
    const token = await mint()
    await revoke(token, { auth })
    expect(await statusAtCheck(token)).toBe(401)
  })

  it('takes a header Basic that is not encoded as a form, as curl sends it', async () => {
    const token = await mint()
    const authorization = basicOf(CLIENT.id, CLIENT.secret)
    const reply = await post('/revoke', `token=${token}`, { authorization })
    expect([reply.status, reply.headers.get('content-length'), await reply.text()]).toEqual([200, '0', ''])
    expect(await statusAtCheck(token)).toBe(401)
  })

  it('says 200 for what there is nothing to revoke of', async () => {
    const expired = await mint({ exp: Math.floor(Date.now() / 1000) - 7200 })
    for (const token of [
      expired,
      await forge(),
      'unknown',
      'a.b.c',
      await mint({ iss: 'https://other.example' }),
    ])
      await revoke(token)
  })

  it('revokes by a forged token nothing, although it has the id of a good one', async () => {
    const token = await mint({ jti: 'forged' })
    await revoke(await forge({ jti: 'forged' }))
    expect(await statusAtCheck(token)).toBe(200)
  })

  it("refuses another client's token, unless the client may revoke any", async () => {
    const token = await mint({ client_id: OTHER_CLIENT.id })
    await expect(revoke(token)).rejects.toMatchObject({ status: 400, error: 'invalid_request' })
    await expect(revoke(await mint({ client_id: undefined }))).rejects.toMatchObject({ status: 400 })
    expect(await statusAtCheck(token)).toBe(200)
    const mine = await mint()
    await revoke(mine, { client: OTHER_CLIENT })
    expect(await statusAtCheck(mine)).toBe(401)
    await revoke(await mint({ client_id: undefined, azp: CLIENT.id }))
  })

  it('refuses a wrong secret and an unknown client', async () => {
    for (const client of [
      { ...CLIENT, secret: OTHER_CLIENT.secret },
      { ...CLIENT, id: 'unknown' },
    ])
      for (const call of [revoke, introspect])
        await expect(call(await mint(), { client })).rejects.toMatchObject({
          status: 401,
          cause: [{ scheme: 'basic' }],
        })
  })

  it.each([
    ['no token', `x=y`, {}],
    ['an empty token', `token=`, {}],
    ['two tokens', `token=a&token=b`, {}],
    ['JSON', `{"token":"a"}`, { 'content-type': 'application/json' }],
    ['no type', `token=a`, { 'content-type': '' }],
    ['credentials in both ways', `token=a&client_id=x&client_secret=y`, {}],
  ])('refuses %s as invalid_request', async (_what, body, headers) => {
    expect(await refusal(await post('/revoke', body, headers))).toEqual([400, 'invalid_request'])
    expect(await refusal(await post('/introspect', body, headers))).toEqual([400, 'invalid_request'])
  })

  it('says so of a good token that can not be revoked: another program may accept it', async () => {
    const ofIssuer = await mint()
    const roles = Array.from({ length: 1000 }, (_, i) => `role-of-a-user-${i}`)
    const tokens = [
      await mint({ jti: ofIssuer }),
      await mint({ exp: Date.now() + 600_000 }),
      await mint({ roles }),
    ]
    for (const token of tokens)
      expect(await refusal(await post('/revoke', `token=${token}`))).toEqual([400, 'unsupported_token_type'])
  })

  it('refuses missing credentials, and those of two clients, as invalid_client', async () => {
    const without = await post('/revoke', 'token=a', { authorization: '' })
    expect(without.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
    expect(await refusal(without)).toEqual([401, 'invalid_client'])
    expect(await refusal(await post('/revoke', 'token=a&client_id=other'))).toEqual([401, 'invalid_client'])
    expect(await refusal(await post('/revoke', 'token=a', { authorization: 'Basic %' }))).toEqual([
      401,
      'invalid_client',
    ])
  })

  it('accepts a charset, and refuses a body that is too large', async () => {
    const reply = await post('/revoke', 'token=a', { 'content-type': `${FORM};charset=UTF-8` })
    expect(reply.status).toBe(200)
    expect(await refusal(await post('/revoke', `token=${'a'.repeat(200_000)}`))).toEqual([
      413,
      'invalid_request',
    ])
  })

  it('is there for POST alone', async () => {
    for (const path of ['/revoke', '/introspect'])
      expect((await fetch(`http://127.0.0.1:${server.admin}${path}?token=a`)).status).toBe(404)
  })
})

describe('/introspect', () => {
  it('describes an active token, and no claim that was not asked for', async () => {
    const exp = Math.floor(Date.now() / 1000) + 300
    const token = await mint({ jti: 'i', scope: 'a b', exp, secret: 'of the issuer', cnf: { jkt: 'thumb' } })
    const answer = await introspect(token)
    expect(answer).toEqual({
      active: true,
      iss: ISSUER,
      sub: 'user-1',
      aud: 'api',
      exp,
      iat: expect.any(Number) as number,
      jti: 'i',
      scope: 'a b',
      client_id: CLIENT.id,
      cnf: { jkt: 'thumb' },
      token_type: 'DPoP',
    })
  })

  it('lowers the expiry for programs that keep the answer until then', async () => {
    const { exp = 0 } = await introspect(await mint())
    expect(exp).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000) + 600)
  })

  it('says no more than inactive of any other token', async () => {
    const revoked = await mint()
    await revoke(revoked)
    const expired = await mint({ exp: Math.floor(Date.now() / 1000) - 1 })
    const others = [
      revoked,
      expired,
      await forge(),
      await mint({ iss: 'https://other.example' }),
      'x',
      'a.b.c',
    ]
    for (const token of others) expect(await introspect(token)).toEqual({ active: false })
  })
})

describe('a client', () => {
  it('that asks for too many revocations is told to wait, and nobody else', async () => {
    const limited = await sidecar({ revocationsPerMinute: 2 })
    try {
      const statuses: number[] = []
      for (const id of [CLIENT, CLIENT, CLIENT, OTHER_CLIENT]) {
        const authorization = basicOf(id.id, id.secret)
        const reply = await fetch(`http://127.0.0.1:${limited.admin}/revoke`, {
          method: 'POST',
          body: `token=${await mint()}`,
          headers: { authorization, 'content-type': FORM },
        })
        statuses.push(reply.status)
        if (reply.status !== 503) continue
        expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
        expect(await refusal(reply)).toEqual([503, 'temporarily_unavailable'])
      }
      expect(statuses).toEqual([200, 200, 503, 200])
    } finally {
      await limited.close()
    }
  })

  it('finds no /introspect without a verification key, and revokes any token', async () => {
    const blind = await sidecar({
      jwks: undefined,
      issuer: undefined,
      clients: [{ ...CLIENT, tokens: 'any' }],
    })
    try {
      const ask = (path: string, token: string) =>
        fetch(`http://127.0.0.1:${blind.admin}${path}`, {
          method: 'POST',
          body: `token=${token}`,
          headers: { authorization: AUTHORIZED, 'content-type': FORM },
        })
      const token = await mint()
      const absent = await ask('/introspect', token)
      expect([absent.status, await absent.json()]).toMatchObject([
        404,
        {
          title:
            "/introspect exists only with a key to verify tokens with: the option 'jwks' or 'hmacSecret'",
        },
      ])
      expect((await ask('/revoke', token)).status).toBe(200)
      expect((await send(blind.check, '/check', { authorization: [`Bearer ${token}`] })).status).toBe(401)
      expect(await refusal(await ask('/revoke', 'opaque'))).toEqual([400, 'unsupported_token_type'])
    } finally {
      await blind.close()
    }
  })
})
