import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mint, sidecar } from '../server/sidecar.js'
import { ROOT } from '../support/markdown.js'
import { SPELLINGS } from './run-proxy.js'

let server: Awaited<ReturnType<typeof sidecar>>
let good: string
let revoked: string

beforeAll(async () => {
  server = await sidecar()
  ;[good, revoked] = await Promise.all([mint(), mint()])
  await server.engine.revoke(revoked)
})

afterAll(() => server.close())

interface Question {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
}

/** What Envoy sends: the client's method and path below `path_prefix`, and no body. */
const envoy = (authorization: readonly string[]): Question[] =>
  ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND'].map((method) => ({
    method,
    path: '/check/policy/public/check?optional=1',
    headers: {
      'content-length': '0',
      'x-envoy-internal': 'true',
      'x-forwarded-for': '10.0.0.1',
      'x-envoy-expected-rq-timeout-ms': '500',
      // It joins the lines of a header.
      ...(authorization.length === 0 ? {} : { authorization: authorization.join(',') }),
    },
  }))

/** What Traefik sends: GET, with all headers of the client but those of the connection. */
const traefik = (authorization: readonly string[]): Question[] => [
  {
    method: 'GET',
    path: '/check',
    headers: {
      'user-agent': 'curl/8',
      accept: '*/*',
      'content-type': 'application/json',
      'x-forwarded-method': 'POST',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'app.example',
      'x-forwarded-uri': '/orders?optional=1',
      'x-forwarded-for': '10.0.0.1',
      'accept-encoding': 'gzip',
      ...(authorization.length === 0 ? {} : { authorization: [...authorization] }),
    },
  },
]

/** What APISIX sends: GET, with the headers that are listed. */
const apisix = (authorization: readonly string[]): Question[] => [
  {
    method: 'GET',
    path: '/check',
    headers: {
      'x-forwarded-proto': 'http',
      'x-forwarded-method': 'POST',
      'x-forwarded-host': 'app.example',
      'x-forwarded-uri': '/orders?optional=1',
      'x-forwarded-for': '10.0.0.1',
      'user-agent': 'lua-resty-http/0.17',
      ...(authorization.length === 0 ? {} : { authorization: [...authorization] }),
    },
  },
]

describe.each([
  ['Envoy', envoy],
  ['Traefik', traefik],
  ['APISIX', apisix],
])('a client that asks as %s does', (_name, questions) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let connections = 0

  const ask = ({ method, path, headers }: Question) =>
    new Promise<{ status: number; challenge: string | undefined; own: unknown[] }>((resolve, reject) => {
      const sent = request({ agent, host: '127.0.0.1', port: server.check, method, path }, (reply) => {
        if (!sent.reusedSocket) connections++
        reply.resume().once('end', () =>
          resolve({
            status: reply.statusCode ?? 0,
            challenge: reply.headers['www-authenticate'],
            own: [reply.headers['x-revocade-status'], reply.headers['x-revocade-verified']],
          }),
        )
      })
      for (const [name, value] of Object.entries(headers)) sent.setHeader(name, value)
      sent.once('error', reject).end()
    })

  afterAll(() => agent.destroy())

  it('gets 200 for a good token, 401 for any other, over one connection', async () => {
    for (let i = 0; i < 3; i++) {
      for (const question of questions([`Bearer ${good}`]))
        expect(await ask(question)).toMatchObject({ status: 200, own: ['active', 'signature'] })
      for (const question of questions([`Bearer ${revoked}`]))
        expect(await ask(question)).toMatchObject({ status: 401, own: [undefined, undefined] })
      for (const authorization of [[], [`Bearer ${good}`, `Bearer ${revoked}`]])
        for (const question of questions(authorization)) expect((await ask(question)).status).toBe(401)
    }
    expect(connections).toBe(1)
  })
})

describe('the configurations that are not run here', () => {
  it.each(['traefik/dynamic.yml', 'envoy/envoy.yaml', 'apisix/apisix.yaml'])(
    '%s asks the sidecar, and names the headers that it may believe',
    (file) => {
      const text = readFileSync(join(ROOT, 'docs/deploy', file), 'utf8').toLowerCase()
      const flat = text.replaceAll(/[^a-z\d/.:-]+/g, ' ')
      expect(flat).toMatch(/127\.0\.0\.1(?::| port_value: )8521/)
      for (const word of ['/check', 'x-revocade-status', 'x-revocade-verified', 'www-authenticate'])
        if (word !== 'www-authenticate' || !file.startsWith('traefik')) expect(flat).toContain(word)
    },
  )

  it('traefik/dynamic.yml removes every spelling of the headers', () => {
    const text = readFileSync(join(ROOT, 'docs/deploy/traefik/dynamic.yml'), 'utf8')
    for (const name of SPELLINGS) expect(text).toContain(`          ${name}: ''\n`)
  })

  it.each([
    ['envoy/envoy.yaml', 'headers_with_underscores_action: DROP_HEADER'],
    ['apisix/apisix.yaml', "if name:find('revocade', 1, true) then ngx.req.clear_header(name) end"],
  ])('%s lets none of these names pass', (file, line) => {
    expect(readFileSync(join(ROOT, 'docs/deploy', file), 'utf8')).toContain(line)
  })

  it.each([
    ['envoy/envoy.yaml', '- { exact: cookie }'],
    ['apisix/apisix.yaml', 'request_headers: [Authorization, Cookie]'],
  ])('%s asks with the cookies too', (file, line) => {
    expect(readFileSync(join(ROOT, 'docs/deploy', file), 'utf8')).toContain(line)
  })
})
