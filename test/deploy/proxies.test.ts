import { execFile } from 'node:child_process'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import {
  type AddressInfo,
  createConnection,
  createServer as createRelay,
  type Server as NetServer,
} from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CLIENT, exchange, mint, sidecar } from '../server/sidecar.js'
import { ROOT } from '../support/markdown.js'
import { temporaryDirectory } from '../support/temp.js'
import { findProxy, type ProxyName } from './find-proxy.js'
import { runProxy, SPELLINGS } from './run-proxy.js'

const PROXIES: readonly ProxyName[] = ['nginx', 'caddy', 'haproxy']
const folder = temporaryDirectory()
const found = new Map(
  await Promise.all(PROXIES.map(async (name) => [name, await findProxy(name, folder)] as const)),
)

let server: Awaited<ReturnType<typeof sidecar>>
let app: Server
/** Stands before the sidecar, and counts the connections to it. */
let relay: NetServer
let connections = 0
/** What has reached the app. */
let seen: IncomingMessage[] = []
const portOf = (listener: NetServer): number => (listener.address() as AddressInfo).port

beforeAll(async () => {
  server = await sidecar({ tokenCookie: 'session', tokenHeader: 'X-Access-Token' })
  app = createServer((incoming, response) => {
    seen.push(incoming)
    let bytes = 0
    incoming.on('data', (chunk: Buffer) => (bytes += chunk.length))
    incoming.on('end', () => response.end(String(bytes)))
  })
  relay = createRelay((from) => {
    connections++
    const to = createConnection(server.check, '127.0.0.1')
    from.on('error', () => to.destroy())
    to.on('error', () => from.destroy())
    from.pipe(to).pipe(from)
  })
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  relay.close()
  app.close()
  app.closeAllConnections()
  await server.close()
})

beforeEach(() => {
  seen = []
})

interface Reply {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

function send(
  port: number,
  tokens: readonly string[],
  { method = 'GET', path = '/', headers, body }: Sent = {},
) {
  return new Promise<Reply>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers: { ...headers } }, (reply) => {
      let text = ''
      reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text }))
    })
    if (tokens.length > 0)
      sent.setHeader(
        'authorization',
        tokens.map((token) => `Bearer ${token}`),
      )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The status for a request of these header lines, sent as they stand. */
async function statusFor(port: number, lines: readonly string[]): Promise<number> {
  const head = ['GET / HTTP/1.1', `Host: 127.0.0.1:${port}`, ...lines, 'Connection: close']
  const answer = await exchange(port, `${head.join('\r\n')}\r\n\r\n`)
  return Number(answer.split(' ')[1])
}

async function revoke(token: string): Promise<void> {
  const reply = await fetch(`http://127.0.0.1:${server.admin}/revoke`, {
    method: 'POST',
    body: new URLSearchParams({ token, client_id: CLIENT.id, client_secret: CLIENT.secret }),
  })
  expect(reply.status).toBe(200)
}

describe.each(PROXIES)('%s, configured as docs/deploy has it', (name) => {
  const program = found.get(name)
  const why = typeof program === 'string' ? program : ''
  let port = 0
  let stop = (): Promise<void> => Promise.resolve()

  beforeAll(async () => {
    if (program === undefined || typeof program === 'string') return
    ;({ port, stop } = await runProxy(name, program, folder, { check: portOf(relay), app: portOf(app) }))
  })
  afterAll(() => stop())
  const test = (title: string, body: () => Promise<void>): void =>
    it(title, async (context) => {
      if (why !== '') context.skip(why)
      await body()
    })

  test('refuses the very next request after a revocation over the API', async () => {
    const [token, other] = [await mint(), await mint()]
    expect((await send(port, [token])).status).toBe(200)
    await revoke(token)
    const refused = await send(port, [token])
    expect(refused.status).toBe(401)
    expect(refused.headers['www-authenticate']).toContain('error="invalid_token"')
    expect((await send(port, [other])).status).toBe(200)
    expect((await send(port, [])).status).toBe(401)
    expect(seen).toHaveLength(2)
  })

  test('opens at most two connections to the sidecar for twenty requests of any kind', async () => {
    const [token, revoked] = [await mint(), await mint()]
    await revoke(revoked)
    await send(port, [token])
    connections = 0
    for (let i = 0; i < 5; i++) {
      expect((await send(port, [token])).status).toBe(200)
      expect((await send(port, [revoked])).status).toBe(401)
      expect((await send(port, [token], { method: 'POST', body: 'a=b' })).text).toBe('3')
      const chunked = { method: 'PUT', body: '{"a":1}', headers: { 'transfer-encoding': 'chunked' } }
      expect((await send(port, [token], chunked)).text).toBe('7')
    }
    expect(connections).toBeLessThanOrEqual(2)
  })

  test('hands no header of ours on that a client sent', async () => {
    const headers = { 'X-Revocade-Status': 'forged', 'x-revocade-verified': 'forged' }
    expect((await send(port, [await mint()], { headers })).status).toBe(200)
    const [reached] = seen
    expect(reached?.headersDistinct['x-revocade-status']).toEqual(['active'])
    expect(reached?.headersDistinct['x-revocade-verified']).toEqual(['signature'])
  })

  test('hands none on either whose name is spelt as a server may read it', async () => {
    const names = [...SPELLINGS, 'X.Revocade.Verified']
    const lines = names.flatMap((name) => [`${name}: forged`, `${name.toLowerCase()}: forged`])
    expect(await statusFor(port, [...lines, `Authorization: Bearer ${await mint()}`])).toBe(200)
    expect(seen).toHaveLength(1)
    expect(seen[0]?.rawHeaders).not.toContain('forged')
  })

  test('lets no request pass with two tokens, in either order', async () => {
    const [token, revoked] = [await mint(), await mint()]
    await revoke(revoked)
    for (const tokens of [
      [token, revoked],
      [revoked, token],
      [token, token],
    ])
      expect([400, 401]).toContain((await send(port, tokens)).status)
    expect(seen).toEqual([])
  })

  test('asks about the tokens of a cookie and of another header too', async () => {
    const [token, revoked] = [await mint(), await mint()]
    await revoke(revoked)
    for (const place of ['Cookie: session=', 'X-Access-Token: ']) {
      expect(await statusFor(port, [place + token])).toBe(200)
      expect(await statusFor(port, [place + revoked])).toBe(401)
      seen = []
      for (const lines of [
        [place + revoked],
        ['Cookie: theme=dark', place + revoked],
        [...Array.from({ length: 90 }, (_, i) => `X-Pad-${i}: a`), place + revoked],
      ])
        expect(await statusFor(port, [`Authorization: Bearer ${token}`, ...lines])).toBe(401)
      expect(seen).toEqual([])
    }
  })

  test('lets no token pass that stands behind many lines, or beside a large one', async () => {
    const [token, revoked] = [await mint(), await mint()]
    await revoke(revoked)
    for (const count of [95, 98, 99, 100, 101, 105, 1100])
      for (const line of [`Authorization: Bearer ${revoked}`, `Cookie: session=${revoked}`]) {
        const lines = [`X-Access-Token: ${token}`, ...Array.from({ length: count }, () => 'a:b'), line]
        expect([400, 401, 431, 503]).toContain(await statusFor(port, lines))
      }
    for (const bytes of [7000, 13_000, 14_000, 14_500, 14_600, 15_000, 17_000]) {
      const lines = [`X-Access-Token: ${token}`, `X-Large: ${'a'.repeat(bytes)}`]
      expect([400, 401, 431, 503]).toContain(
        await statusFor(port, [...lines, `Authorization: Bearer ${revoked}`]),
      )
    }
    expect(seen).toEqual([])
  })

  test('is not led elsewhere by a path or a query', async () => {
    for (const path of ['/?optional=1', '/policy/public/check', '/%zz', '/_revocade', '/check?token=x'])
      expect([400, 401, 404]).toContain((await send(port, [], { path })).status)
    expect(seen).toEqual([])
    await send(port, [await mint()], { path: '/a%2Fb?c=d&e' })
    expect(seen[0]?.url).toBe('/a%2Fb?c=d&e')
  })
})

describe.each(PROXIES)('%s without a sidecar', (name) => {
  it('answers 503 with Retry-After, also when the sidecar hangs', async (context) => {
    const program = found.get(name)
    if (program === undefined || typeof program === 'string') return context.skip(program)
    let hangs = true
    const silent = createServer((_incoming, response) => {
      if (!hangs) response.destroy()
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const ports = { check: portOf(silent), app: portOf(app) }
    const { port, stop } = await runProxy(name, program, temporaryDirectory(), ports)
    try {
      const token = await mint()
      for (const state of ['hangs', 'resets', 'gone']) {
        hangs = state === 'hangs'
        if (state === 'gone') {
          silent.close()
          silent.closeAllConnections()
        }
        const { status, headers } = await send(port, [token])
        expect([state, status, headers['retry-after']]).toEqual([state, 503, '1'])
      }
      expect(seen).toEqual([])
    } finally {
      silent.closeAllConnections()
      silent.close()
      await stop()
    }
  })
})

describe('nginx with a cache of the answers', () => {
  it('that honours no-store refuses the very next request too', async (context) => {
    const program = found.get('nginx')
    if (program === undefined || typeof program === 'string') return context.skip(program)
    const place = temporaryDirectory()
    const edit = (text: string): string =>
      `proxy_cache_path ${place}/cache keys_zone=answers:1m;\n${text}`.replace(
        'proxy_next_upstream off;',
        'proxy_cache answers; proxy_cache_key $http_authorization; proxy_cache_valid 200 60s;',
      )
    const ports = { check: server.check, app: portOf(app), edit }
    const { port, stop } = await runProxy('nginx', program, place, ports)
    try {
      const token = await mint()
      for (let i = 0; i < 3; i++) expect((await send(port, [token])).status).toBe(200)
      await revoke(token)
      expect((await send(port, [token])).status).toBe(401)
    } finally {
      await stop()
    }
  })
})

describe('npm run start:gateway', () => {
  it('revokes a token behind nginx, and shows the next request refused', async (context) => {
    const program = found.get('nginx')
    if (program === undefined || typeof program === 'string') return context.skip(program)
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(ROOT, 'docs/deploy/try-nginx.mjs')],
      {
        env: { ...process.env, PATH: `${dirname(program.program)}${delimiter}${process.env.PATH ?? ''}` },
      },
    )
    const lines = stdout.split('\n').filter((line) => /^(?:GET|POST)/.test(line))
    expect(lines.map((line) => / {2,}(\d{3}) /.exec(line)?.[1])).toEqual(['401', '200', '201', '401', '200'])
  })
})
