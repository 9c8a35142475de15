import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { send } from '../adapters/request.js'
import { sidecar } from './sidecar.js'

const AUDIENCE = 'https://api.example'
const CLIENT = { id: 'shop', secret: 'the-secret-of-the-shop-0123456789' }
const FORM = {
  authorization: `Basic ${btoa(`${CLIENT.id}:${CLIENT.secret}`)}`,
  'content-type': 'application/x-www-form-urlencoded',
}

let issuer: string
let provider: Server
let server: Awaited<ReturnType<typeof sidecar>>

/** A provider whose access tokens are JWTs (RFC 9068), for one client and one API. */
function providerOf(url: string): Provider {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const api = {
    scope: 'read',
    audience: AUDIENCE,
    accessTokenTTL: 600,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } },
  }
  return new Provider(url, {
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: 'provider' }] },
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: { defaultResource: () => AUDIENCE, getResourceServerInfo: () => api },
    },
  })
}

beforeAll(async () => {
  provider = createServer()
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
  provider.on('request', providerOf(issuer).callback())
  server = await sidecar({ jwks: `${issuer}/jwks`, issuer, audience: AUDIENCE, clients: [CLIENT] })
})

afterAll(async () => {
  await server.close()
  provider.close()
  provider.closeAllConnections()
})

async function post(url: string, form: Readonly<Record<string, string>>) {
  const reply = await fetch(url, { method: 'POST', headers: FORM, body: new URLSearchParams(form) })
  const text = await reply.text()
  return { status: reply.status, json: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> }
}

async function issued(): Promise<string> {
  const { json } = await post(`${issuer}/token`, { grant_type: 'client_credentials', scope: 'read' })
  expect(json).toMatchObject({ token_type: 'Bearer', access_token: expect.stringMatching(/^eyJ/) as string })
  return String(json.access_token)
}

const statusAtCheck = async (token: string): Promise<number> =>
  (await send(server.check, '/check', { authorization: [`Bearer ${token}`] })).status

describe('an access token of oidc-provider', () => {
  it('is verified with the key set of the provider', async () => {
    const token = await issued()
    expect(await statusAtCheck(token)).toBe(200)
    const [header = '', payload = '', signature = ''] = token.split('.')
    const forged = Buffer.from(payload, 'base64url').toString().replace(CLIENT.id, 'root')
    const claims = Buffer.from(forged).toString('base64url')
    expect(await statusAtCheck(`${header}.${claims}.${signature}`)).toBe(401)
    const { json } = await post(`http://127.0.0.1:${server.admin}/introspect`, { token })
    expect(json).toMatchObject({
      active: true,
      iss: issuer,
      aud: AUDIENCE,
      client_id: CLIENT.id,
      scope: 'read',
    })
  })

  it('is revoked here by its client, which the provider can not do', async () => {
    const [token, other] = [await issued(), await issued()]
    const refused = await post(`${issuer}/token/revocation`, { token })
    expect([refused.status, refused.json.error]).toEqual([400, 'unsupported_token_type'])
    expect(await statusAtCheck(token)).toBe(200)
    expect((await post(`http://127.0.0.1:${server.admin}/revoke`, { token })).status).toBe(200)
    expect(await statusAtCheck(token)).toBe(401)
    const introspected = await post(`http://127.0.0.1:${server.admin}/introspect`, { token })
    expect(introspected).toEqual({ status: 200, json: { active: false } })
    expect(await statusAtCheck(other)).toBe(200)
  })
})
