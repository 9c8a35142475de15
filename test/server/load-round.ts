import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, expect } from 'vitest'
import { CLIENT, EDITOR } from './sidecar.js'

const agent = new Agent({ keepAlive: true, maxSockets: 8 })
afterAll(() => agent.destroy())

/** The listeners of a server on this machine. */
export interface Ports {
  readonly check: number
  readonly admin: number
}

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

const check = (port: number, token: string): Promise<number> =>
  ask({ port, path: '/check', headers: { authorization: `Bearer ${token}` } })

const change = (port: number, method: 'POST' | 'DELETE', token: string): Promise<number> =>
  ask({
    port,
    path: '/revocations',
    method,
    headers: { authorization: `Bearer ${EDITOR}`, 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  })

const revokeAsClient = (port: number, token: string): Promise<number> =>
  ask({
    port,
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

/** What one {@link round} sends. */
export const IN_ROUND = { requests: 22, dropped: 3 }

/** Checks, a token that is revoked, by an admin or a client, and taken back, and clients that go away. */
export async function round(ports: Ports, tokens: readonly string[], i: number): Promise<void> {
  const token = tokens[i % tokens.length] ?? ''
  const bulk = 'Content-Type: application/x-ndjson\r\nContent-Length: 99\r\n\r\n{'
  const dropped = [
    drop(ports.check, `GET /check ${authorized(token)}\r\n`),
    drop(ports.check, `GET /check ${authorized(token).slice(0, -9)}`),
    drop(ports.admin, `POST /revocations ${authorized(EDITOR)}${bulk}`),
  ]
  const byAdmin = i % 2 === 0
  const revoked = await (byAdmin ? change(ports.admin, 'POST', token) : revokeAsClient(ports.admin, token))
  expect(revoked).toBeLessThan(202)
  const statuses = await Promise.all(tokens.map((one) => check(ports.check, one)))
  expect(statuses).toEqual(tokens.map((one) => (one === token ? 401 : 200)))
  expect(await change(ports.admin, 'DELETE', token)).toBe(200)
  await Promise.all(dropped)
}
