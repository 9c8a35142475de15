import { readdirSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { report, scaled } from '../support/scale.js'
import { CLIENT, EDITOR, mint, sidecar } from './sidecar.js'

/** Rounds between two looks, for the length of `npm test`. */
const ROUNDS = 40
const LOOKS = 4
/** Bytes. A round that kept 200 bytes for each of its requests would keep more. */
const HEAP_MAY_GROW = 2 << 20

const LONG = { timeout: scaled(300_000) }

let server: Awaited<ReturnType<typeof sidecar>>
const agent = new Agent({ keepAlive: true, maxSockets: 8 })

beforeAll(async () => {
  server = await sidecar()
})

afterAll(async () => {
  agent.destroy()
  await server.close()
})

setFlagsFromString('--expose-gc')

/** Bytes of the heap that are in use, after a collection. */
function heap(): number {
  runInNewContext('gc()')
  return process.memoryUsage().heapUsed
}

const descriptors = (): number => readdirSync('/proc/self/fd').length

interface Asked {
  readonly port: number
  readonly path: string
  readonly method?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** The status of an answer, over a connection that is kept. */
function ask({ body = '', headers, ...options }: Asked): Promise<number> {
  return new Promise((resolve, reject) => {
    const framed = { ...headers, 'content-length': Buffer.byteLength(body) }
    const sent = request({ agent, host: '127.0.0.1', ...options, headers: framed }, (reply) => {
      reply.resume().once('end', () => resolve(reply.statusCode ?? 0))
    })
    sent.once('error', reject).end(body)
  })
}

const check = (token: string): Promise<number> =>
  ask({ port: server.check, path: '/check', headers: { authorization: `Bearer ${token}` } })

const change = (method: 'POST' | 'DELETE', token: string): Promise<number> =>
  ask({
    port: server.admin,
    path: '/revocations',
    method,
    headers: { authorization: `Bearer ${EDITOR}`, 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  })

const revokeAsClient = (token: string): Promise<number> =>
  ask({
    port: server.admin,
    path: '/revoke',
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token, client_id: CLIENT.id, client_secret: CLIENT.secret }).toString(),
  })

/** A client that goes away after it has sent something. */
function drop(port: number, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text, () => socket.destroy()))
    socket.once('error', reject).once('close', () => resolve())
  })
}

const authorized = (token: string): string => `HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`

/** Checks, a token that is revoked, by an admin or a client, and taken back, and clients that go away. */
async function round(tokens: readonly string[], i: number): Promise<void> {
  const token = tokens[i % tokens.length] ?? ''
  const bulk = 'Content-Type: application/x-ndjson\r\nContent-Length: 99\r\n\r\n{'
  const dropped = [
    drop(server.check, `GET /check ${authorized(token)}\r\n`),
    drop(server.check, `GET /check ${authorized(token).slice(0, -9)}`),
    drop(server.admin, `POST /revocations ${authorized(EDITOR)}${bulk}`),
  ]
  expect(await (i % 2 === 0 ? change('POST', token) : revokeAsClient(token))).toBeLessThan(202)
  const statuses = await Promise.all(tokens.map(check))
  expect(statuses).toEqual(tokens.map((one) => (one === token ? 401 : 200)))
  expect(await change('DELETE', token)).toBe(200)
  await Promise.all(dropped)
}

describe('under a constant load', () => {
  it.runIf(process.platform === 'linux')('heap and descriptors stay as they are', LONG, async () => {
    // Good for longer than any load lasts.
    const exp = Date.now() / 1000 + 7 * 86_400
    const tokens = await Promise.all(Array.from({ length: 20 }, () => mint({ exp })))
    let rounds = 0
    const run = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await round(tokens, rounds++)
    }
    // The first rounds fill caches, and let code be compiled.
    await run(2 * ROUNDS)
    const before = { heap: heap(), descriptors: descriptors() }
    const grown: number[] = []
    for (let look = 0; look < LOOKS; look++) {
      await run(scaled(ROUNDS))
      grown.push(heap() - before.heap)
      // A connection that was dropped may be closed a moment later.
      await expect.poll(descriptors, { timeout: 10_000 }).toBeLessThanOrEqual(before.descriptors)
    }
    const requests = rounds * (tokens.length + 5)
    report('constant load on serve', { rounds, requests, 'bytes grown': Math.max(...grown) })
    expect(grown.at(-1), grown.join()).toBeLessThan(HEAP_MAY_GROW)
  })
})
