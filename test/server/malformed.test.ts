import { createConnection } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { send } from '../adapters/request.js'
import { report, scaled } from '../support/scale.js'
import { CLIENT, EDITOR, mint, sidecar } from './sidecar.js'

let server: Awaited<ReturnType<typeof sidecar>>
let good: string
let revoked: string

beforeAll(async () => {
  server = await sidecar({ tokenCookie: 'session' })
  ;[good, revoked] = await Promise.all([mint(), mint()])
  await server.engine.revoke(revoked)
})

afterAll(() => server.close())

/** A small generator of pseudo-random numbers, so that a failure can be repeated (mulberry32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

type Random = (below: number) => number
const oneOf = <T>(random: Random, values: readonly [T, ...T[]]): T =>
  values[random(values.length)] ?? values[0]

/** A token that is none, or not allowed: never the good one. */
function badToken(random: Random): string {
  const at = random(revoked.length)
  return oneOf(random, [
    revoked,
    `${revoked}=`,
    good.slice(0, at % good.length),
    `${good}.x`,
    `${good} ${good}`,
    `${revoked.slice(0, at)}${String.fromCharCode(33 + random(90))}${revoked.slice(at + 1)}`,
    `"${good}"`,
    `${good},${revoked}`,
    '.'.repeat(random(9)),
    'e30.e30.e30',
    `eyJhbGciOiJub25lIn0.${good.split('.')[1] ?? ''}.`,
    'x'.repeat(random(20_000)),
    Buffer.from(Array.from({ length: random(60) }, () => 128 + random(128))).toString('latin1'),
  ])
}

/** A request that is not allowed: whatever is wrong with it, the answer is a refusal. */
function badRequest(random: Random): string {
  const most = <T>(usual: T, others: readonly [T, ...T[]]): T =>
    random(6) > 0 ? usual : oneOf(random, others)
  const method = most(oneOf(random, ['GET', 'POST', 'HEAD', 'PROPFIND', 'OPTIONS']), ['G\u0001T', '', 'get'])
  const path = oneOf(random, [
    '/check',
    '/check/%zz?x',
    '/policy/default/check',
    '/check?token=x',
    '/revoke',
    '/revocations',
    '*',
    'x',
  ])
  const version = most('HTTP/1.1', ['HTTP/1.0', 'HTTP/9.9', 'HTP/1.1'])
  const scheme = most('Bearer', ['bearer', 'DPoP', 'Basic', 'Bearer Bearer', ''])
  const token = badToken(random)
  const length = oneOf(random, ['x', '-1', '1e3', '99999999999999999999', '0, 0'])
  const coding = oneOf(random, ['chunked, chunked', 'gzip', 'x'])
  const headers = most(`Authorization: ${scheme} ${token}`, [
    `Authorization: ${scheme} ${token}\r\nAuthorization: Bearer ${good}`,
    `Authorization: Bearer ${good}\r\nauthorization: ${scheme} ${token}`,
    `Authorization: Bearer ${good}\r\nCookie: session=${token || '-'}`,
    `Cookie: session=${token}; session="${good}"`,
    `Authorization : Bearer ${good}`,
    `Authorization: Bearer ${token}\r\n ${good}`,
    `Authorization:\u0000Bearer ${good}`,
    `Content-Length: ${length}\r\nAuthorization: Bearer ${token}`,
    `Transfer-Encoding: ${coding}\r\nAuthorization: Bearer ${token}`,
    `X: ${'y'.repeat(random(40_000))}\r\nAuthorization: Bearer ${token}`,
    `Expect: ${oneOf(random, ['100-continue', 'x'])}\r\nAuthorization: Bearer ${token}`,
    `Upgrade: h2c\r\nConnection: Upgrade\r\nAuthorization: Bearer ${token}`,
  ])
  const host = random(8) === 0 ? '' : 'Host: x\r\n'
  const end = random(12) === 0 ? '' : '\r\n\r\n'
  return `${method} ${path} ${version}\r\n${host}${headers}${end}`
}

/** Sends each request over a connection of its own, and returns the statuses that come back. */
async function statusesOf(port: number, texts: readonly string[]): Promise<string[]> {
  return (await Promise.all(texts.map((text) => answerTo(port, text)))).filter((status) => status !== '')
}

/** The status that comes back; empty if none does, because the text was no whole request. */
function answerTo(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let got = ''
    const socket = createConnection(port, '127.0.0.1', () => socket.end(text, 'latin1'))
    socket.setEncoding('latin1').on('data', (chunk: string) => (got += chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(/^HTTP\/1\.1 (?!100)(\d{3})/m.exec(got)?.[1] ?? ''))
  })
}

describe('malformed requests', () => {
  it('get no 200 of the sidecar, no 500, and do not end it', async () => {
    const seed = Number(process.env.REVOCADE_TEST_SEED ?? Math.floor(Math.random() * 1e9))
    const random = randomOf(seed)
    const counts: Record<string, number> = {}
    const total = scaled(800)
    for (let sent = 0; sent < total; sent += 40) {
      const texts = Array.from({ length: 40 }, () => badRequest(random))
      const statuses = await statusesOf(random(4) === 0 ? server.admin : server.check, texts)
      for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1
    }
    report('malformed requests', { sent: total, ...counts })
    const allowed = ['302', '400', '401', '404', '405', '408', '413', '415', '417', '431', '503']
    expect(
      Object.keys(counts).filter((status) => !allowed.includes(status)),
      `seed ${seed}`,
    ).toEqual([])
    expect(counts['401'], `seed ${seed}`).toBeGreaterThan(total / 20)
    const { status } = await send(server.check, '/check', { authorization: [`Bearer ${good}`] })
    expect(status).toBe(200)
  })

  it('of the API, with good credentials, get no 500', async () => {
    const random = randomOf(7)
    const bodies = [
      '{"where":{"sub":',
      '[]',
      'null',
      '{"__proto__":{"token":"a"}}',
      '{"where":{"__proto__":"x"}}',
      '{"where":{"constructor":"x"}}',
      '{"token":""}',
      '{"token":{"a":1}}',
      '{"jti":1e400}',
      '{"jti":"a","expiresAt":-1}',
      '{"jti":"a","expiresAt":"2026-99-99T00:00:00Z"}',
      '{"jti":"a","expiresAt":1e300}',
      `{"where":{"sub":"${'x'.repeat(9000)}"}}`,
      '{"where":{"/a~2":"x"}}',
      '\uD800',
      '',
    ]
    for (let i = 0; i < scaled(60); i++) {
      const ndjson = random(3) === 0
      const reply = await fetch(`http://127.0.0.1:${server.admin}/revocations`, {
        method: oneOf(random, ['POST', 'POST', 'DELETE']),
        headers: {
          authorization: `Bearer ${EDITOR}`,
          'content-type': ndjson ? 'application/x-ndjson' : 'application/json',
        },
        body: bodies[random(bodies.length)] ?? '',
      })
      expect([200, 201, 400, 415], await reply.text()).toContain(reply.status)
    }
  })

  it('of an OAuth client get no 500', async () => {
    const random = randomOf(9)
    const authorization = `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`
    for (let i = 0; i < scaled(60); i++) {
      const reply = await fetch(
        `http://127.0.0.1:${server.admin}${oneOf(random, ['/revoke', '/introspect'])}`,
        {
          method: 'POST',
          headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
          body:
            oneOf(random, ['token=', '', '%', 'token=%ff', 'token']) + encodeURIComponent(badToken(random)),
        },
      )
      expect([200, 400], await reply.text()).toContain(reply.status)
    }
  })
})
