import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { send } from '../adapters/request.js'
import { EDITOR, mint, sidecar } from './sidecar.js'

let server: Awaited<ReturnType<typeof sidecar>>
let good: string
let revoked: string

beforeAll(async () => {
  server = await sidecar({ policies: { public: { required: false } } })
  ;[good, revoked] = await Promise.all([mint(), mint()])
  await server.engine.revoke(revoked)
})

afterAll(() => server.close())

const check = (token: string, path = '/check') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${bearer(token)}\r\n`
const bearer = (token: string): string => `Authorization: Bearer ${token}\r\n`
const statusAtCheck = async (token: string): Promise<number> =>
  (await send(server.check, '/check', { authorization: [`Bearer ${token}`] })).status

/** A connection, and what came back over it. */
class Client {
  readonly socket: Socket
  got = ''
  readonly #closed: Promise<unknown>

  constructor(port: number, text: string) {
    this.socket = createConnection(port, '127.0.0.1', () => this.socket.write(text, 'latin1'))
    this.socket.setEncoding('latin1').on('data', (chunk: string) => (this.got += chunk))
    this.socket.on('error', () => undefined)
    this.#closed = once(this.socket, 'close')
  }

  get statuses(): string[] {
    return [...this.got.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status = '']) => status)
  }

  /** Resolves with the statuses when that many came. */
  async answers(count: number): Promise<string[]> {
    while (this.statuses.length < count && !this.socket.closed)
      await Promise.race([once(this.socket, 'data'), this.#closed])
    return this.statuses
  }

  /** Resolves with the statuses when the server has closed the connection. */
  async closed(): Promise<string[]> {
    await this.#closed
    return this.statuses
  }
}

const JSON_POST = {
  method: 'POST',
  headers: { authorization: `Bearer ${EDITOR}`, 'content-type': 'application/json' },
}
const revoke = async (token: string): Promise<number> => {
  const reply = await fetch(`http://127.0.0.1:${server.admin}/revocations`, {
    ...JSON_POST,
    body: JSON.stringify({ token }),
  })
  await reply.arrayBuffer()
  return reply.status
}

describe('many headers', () => {
  const FILL = 'a:\r\n'.repeat(3000)

  it('hide no token that a proxy hands on to the app', async () => {
    const head = 'GET /policy/public/check HTTP/1.1\r\nHost: x\r\n'
    const ask = (headers: string) => new Client(server.check, `${head}${headers}Connection: close\r\n\r\n`)
    expect(await ask(FILL).closed()).toEqual(['200'])
    expect(await ask(FILL + bearer(good)).closed()).toEqual(['200'])
    expect(await ask(FILL + bearer(revoked)).closed()).toEqual(['401'])
    expect(await ask(bearer(good) + FILL + bearer(revoked)).closed()).toEqual(['401'])
  })

  it('of more than 32 KiB are refused with 431', async () => {
    const text = `GET /check HTTP/1.1\r\nHost: x\r\n${'a: 1234\r\n'.repeat(8000)}${bearer(good)}\r\n`
    for (const port of [server.check, server.admin])
      expect(await new Client(port, text).closed()).toEqual(['431'])
  })
})

describe('a request whose length is in doubt', () => {
  it.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['chunks and a length', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n'],
    ['a coding after the chunks', 'Transfer-Encoding: chunked, identity\r\n'],
    ['a length with a sign', 'Content-Length: +5\r\n'],
    ['a folded length', 'Content-Length:\r\n 5\r\n'],
  ])('because of %s: nothing after it is answered with 200', async (_what, lengths) => {
    const text = `POST /check HTTP/1.1\r\nHost: x\r\n${bearer(revoked)}${lengths}\r\n0\r\n\r\n${check(good)}`
    for (const port of [server.check, server.admin]) {
      const statuses = await new Client(port, text).closed()
      expect(['400', '401', '404']).toContain(statuses[0])
      expect(statuses).toHaveLength(1)
    }
  })

  it('is not one of them: a body that looks like a request is none', async () => {
    const inner = check(good)
    for (const framed of [
      `Content-Length: ${inner.length}\r\n\r\n${inner}`,
      `Transfer-Encoding: chunked\r\n\r\n${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`,
    ]) {
      const text = `POST /check HTTP/1.1\r\nHost: x\r\n${bearer(revoked)}${framed}`
      expect(await new Client(server.check, text).closed()).toEqual(['401'])
    }
  })
})

describe('requests in one write', () => {
  it('are answered in their order, also those whose token is verified first', async () => {
    const tokens = Array.from({ length: 600 }, (_, i) => [good, revoked, 'x.y.z'][i % 3] ?? '')
    const client = new Client(server.check, tokens.map((token) => check(token)).join(''))
    expect(await client.answers(tokens.length)).toEqual(
      tokens.map((token) => (token === good ? '200' : '401')),
    )
    client.socket.destroy()
  })

  it('before one that is none get their own answers or none, never a later one', async () => {
    const client = new Client(server.check, `${check(revoked)}${check(revoked)}GARBAGE\r\n\r\n${check(good)}`)
    const statuses = await client.closed()
    expect(statuses).not.toContain('200')
    expect(statuses.at(-1)).toBe('400')
  })
})

describe('a slow body', () => {
  const expiresAt = Math.floor(Date.now() / 1000) + 3600
  const head = `POST /revocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n`
  const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
  const line = (jti: string): string => `${JSON.stringify({ jti, iss: 'i', expiresAt })}\n`

  it('of a stranger is not waited for', async () => {
    for (const authorization of ['', bearer('wrong')]) {
      const client = new Client(server.admin, `${head}${authorization}Content-Length: 1000\r\n\r\n{`)
      expect(await client.answers(1)).toEqual(['401'])
      client.socket.destroy()
    }
  })

  it('of a bulk request holds nothing up, and a broken line in it is told with its number', async () => {
    const begin = `${line('slow-1')}${line('slow-2').slice(0, 9)}`
    const client = new Client(
      server.admin,
      `${head}${bearer(EDITOR)}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk(begin)}`,
    )
    const other = await mint()
    expect(await revoke(other)).toBe(201)
    expect(await statusAtCheck(other)).toBe(401)
    client.socket.write(chunk(line('slow-2').slice(9)))
    client.socket.write(`${chunk('{"jti":\n')}${chunk(line('slow-4'))}0\r\n\r\n`)
    expect(await client.closed()).toEqual(['200'])
    expect(client.got).toContain('"count":3')
    expect(client.got).toContain('"problems":[{"line":3,"detail":"the line is not valid JSON"}]')
  })

  it.each([
    ['a connection that breaks', (client: Client) => client.socket.destroy()],
    ['a chunk that is none', (client: Client) => client.socket.write('zz\r\n')],
  ])('that ends with %s: the lines before stay revoked, and the rest is not', async (_what, end) => {
    const [before, cut] = [`before-${Math.random()}`, `cut-${Math.random()}`]
    const lines = line(before) + line(cut).slice(0, -2)
    const client = new Client(
      server.admin,
      `${head}${bearer(EDITOR)}Transfer-Encoding: chunked\r\n\r\n${chunk(lines)}`,
    )
    await once(client.socket, 'connect')
    // Once this one is answered, the server has read what was sent before it.
    expect(await revoke(await mint())).toBe(201)
    end(client)
    const claims = (jti: string) => ({ jti, iss: 'i', exp: expiresAt })
    await expect.poll(() => server.engine.isRevoked(claims(before))).toBe(true)
    expect(await server.engine.isRevoked(claims(cut))).toBe(false)
    client.socket.destroy()
  })
})

describe('two revocations of one token at once', () => {
  it('are one and one that was there already; a check after either is refused', async () => {
    for (let i = 0; i < 20; i++) {
      const token = await mint()
      let racing = 2
      const one = async (): Promise<number> => {
        const status = await revoke(token)
        racing--
        return status
      }
      const statuses = Promise.all([one(), one()])
      while (racing === 2) expect([200, 401]).toContain(await statusAtCheck(token))
      expect(await statusAtCheck(token)).toBe(401)
      expect((await statuses).toSorted()).toEqual([200, 201])
    }
  })
})

describe('the end', () => {
  it('waits for no connection without a request, be it used or not', async () => {
    // Longer than a test may take.
    const other = await sidecar({ shutdownSeconds: 300 })
    const clients = [other.check, other.admin].flatMap((port) => [
      new Client(port, ''),
      new Client(port, `GET /livez HTTP/1.1\r\nHost: x\r\n\r\n`),
    ])
    await Promise.all(clients.map(({ socket }) => once(socket, 'connect')))
    for (const client of [clients[1], clients[3]]) expect(await client?.answers(1)).toEqual(['200'])
    await other.close()
    await Promise.all(clients.map((client) => client.closed()))
  })
})
