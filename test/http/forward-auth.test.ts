import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createForwardAuth, type ForwardAuthOptions, policyNameOf } from 'revocade/http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Reply, send } from '../adapters/request.js'
import { createWorld, type World } from '../adapters/world.js'
import { exchange } from '../server/sidecar.js'
import { ourError } from '../support/errors.js'

let world: World
let server: Server

beforeAll(async () => {
  world = await createWorld()
  const policies = { optional: { required: false }, lenient: { onUnknown: 'active' } } as const
  const asks = createForwardAuth(world.engine, { policies })
  const dark = createForwardAuth(world.dark, { policies, verify: world.verify })
  server = createServer((request, response) => {
    const asked = request.headers['x-dark'] === undefined ? asks : dark
    void Promise.resolve(asked(request)).then((answer) => {
      response.writeHead(answer?.status ?? 404, answer?.headers).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await world.close()
})

function ask(path: string, token?: string, sent: { method?: string; dark?: boolean } = {}): Promise<Reply> {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return send(address.port, path, {
    authorization: token === undefined ? [] : [`Bearer ${token}`],
    method: sent.method ?? 'GET',
    headers: sent.dark === true ? { 'x-dark': '1' } : {},
  })
}

const shown = ({ status, headers, text }: Reply): unknown[] => [
  status,
  headers['content-length'],
  headers['cache-control'],
  headers['x-revocade-status'],
  headers['x-revocade-verified'],
  text,
]

describe('an endpoint for forward authentication', () => {
  it.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND'])('answers %s', async (method) => {
    const [good, revoked] = [world.tokens.good, world.tokens.revoked]
    expect(shown(await ask('/check', good, { method }))).toEqual([200, '0', 'no-store', 'active', 'none', ''])
    const refused = [401, '0', 'no-store', undefined, undefined, '']
    expect(shown(await ask('/check', revoked, { method }))).toEqual(refused)
  })

  it.each([
    '/check?required=false',
    '/check/policy/optional/check',
    '/check/../policy/optional/check',
    '/check?/policy/optional/check',
    '/check/%zz',
    '/check/optional?token=x',
  ])('refuses a request without a token at %s', async (path) => {
    const reply = await ask(path)
    expect([reply.status, reply.headers['www-authenticate']]).toEqual([401, 'Bearer realm="revocade"'])
  })

  it('answers by the policy that its path names', async () => {
    expect(shown(await ask('/policy/optional/check/x'))).toEqual([
      200,
      '0',
      'no-store',
      'anonymous',
      'none',
      '',
    ])
    expect((await ask('/policy/optional/check', world.tokens.revoked)).status).toBe(401)
    expect((await ask('/policy/lenient/check')).status).toBe(401)
    expect((await ask('/policy/absent/check', world.tokens.good)).status).toBe(404)
    expect((await ask('/policy/__proto__/check', world.tokens.good)).status).toBe(404)
  })

  it('answers 503 and Retry-After when nothing can decide, and by a policy 200', async () => {
    const { good, forged } = world.tokens
    const reply = await ask('/check', good, { dark: true })
    expect([reply.status, reply.headers['retry-after'], reply.headers['content-length']]).toEqual([
      503,
      '1',
      '0',
    ])
    expect(shown(await ask('/policy/lenient/check', good, { dark: true }))[4]).toBe('signature')
    expect((await ask('/policy/lenient/check', forged, { dark: true })).status).toBe(401)
  })

  it.each([
    [{ policies: { 'a/b': {} } }, "'policies'"],
    [{ policies: { a: { onUnknown: 'x' } } }, "in the policy 'a': option 'onUnknown' must be"],
    [{ policies: { a: { token: () => '' } } }, "in the policy 'a': option 'token' is the same"],
    [{ polices: {} }, "'policies'"],
  ])('refuses the options %j', (options, message) => {
    expect(() => createForwardAuth(world.engine, options as ForwardAuthOptions)).toThrow(
      ourError('ERR_CONFIG', message),
    )
  })
})

describe('a request with more header lines than Node.js shows', () => {
  const status = async (path: string, lines: readonly string[]): Promise<number> => {
    const { port } = server.address() as AddressInfo
    const head = [`GET ${path} HTTP/1.1`, 'Host: h', ...lines, 'Connection: close']
    return Number((await exchange(port, `${head.join('\r\n')}\r\n\r\n`)).split(' ')[1])
  }
  const pad = (count: number): string[] => Array.from({ length: count }, () => 'a:b')
  const bearer = (name: 'good' | 'revoked'): string => `Authorization: Bearer ${world.tokens[name]}`

  afterEach(() => {
    server.maxHeadersCount = null
  })

  it.each([
    ['the default of Node.js', null, 1000],
    ['a limit of ten', 10, 10],
  ])('is refused, under %s', async (_, limit, kept) => {
    server.maxHeadersCount = limit
    for (const count of [kept - 3, kept - 2, kept - 1, kept, kept + 100, 2 * kept]) {
      expect(await status('/policy/optional/check', [...pad(count), bearer('revoked')])).toBe(401)
      expect(await status('/check', [bearer('good'), ...pad(count), bearer('revoked')])).toBe(401)
    }
    expect(await status('/check', [...pad(kept - 4), bearer('good')])).toBe(200)
    expect(await status('/policy/optional/check', pad(kept - 3))).toBe(200)
  })

  it('is read to its end without a limit', async () => {
    server.maxHeadersCount = 0
    expect(await status('/policy/optional/check', [...pad(1100), bearer('revoked')])).toBe(401)
    expect(await status('/check', [...pad(1100), bearer('good')])).toBe(200)
    expect(await status('/policy/optional/check', pad(1100))).toBe(200)
  })
})

describe('policyNameOf', () => {
  it.each([
    ['/check', 'default'],
    ['/check?x', 'default'],
    ['/check/', 'default'],
    ['/policy/a-1/check', 'a-1'],
    ['/checkx', undefined],
    ['/x/check', undefined],
    ['//check', undefined],
    ['/policy/A/check', undefined],
    ['/policy//check', undefined],
    ['/policy/a/../b/check', undefined],
    ['/policy/%61/check', undefined],
    ['', undefined],
  ])('of %j is %s', (target, name) => {
    expect(policyNameOf(target)).toBe(name)
  })
})
