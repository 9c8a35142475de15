// The client's process. It costs little, so that the server is what is measured: requests are made ahead, and
// of an answer only the status and the length are read. One request at a time on each connection.
import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Load, Loaded } from './processes.js'

const { connections, tokens } = JSON.parse(process.argv[2] ?? '') as {
  readonly connections: number
  readonly tokens: readonly string[]
}
const OK = Buffer.from('HTTP/1.1 200')
/** Tokens to revoke that are made ahead for each millisecond: more than are revoked in it. */
const REVOKED_PER_MS = 12

class Connection {
  readonly latenciesNs: number[] = []
  wrong = 0
  readonly #socket: Socket
  readonly #requests: readonly Buffer[]
  #next: number
  #sentAt = 0
  #answer: Buffer = Buffer.alloc(0)
  #done: (() => void) | undefined

  constructor(socket: Socket, requests: readonly Buffer[], first: number) {
    this.#socket = socket
    this.#requests = requests
    this.#next = first
    socket.on('data', (chunk) => this.#read(chunk))
  }

  /** Resolves when the answer after `end` is there. */
  run(end: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.on('error', reject).on('close', () => reject(new Error('the server closed a connection')))
      this.#done = (): void => {
        if (performance.now() < end) this.#send()
        else resolve()
      }
      this.#send()
    })
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy()
  }

  #send(): void {
    this.#sentAt = performance.now()
    this.#socket.write(this.#requests[this.#next++ % this.#requests.length] ?? '')
  }

  #read(chunk: Buffer): void {
    this.#answer = this.#answer.length === 0 ? chunk : Buffer.concat([this.#answer, chunk])
    const head = this.#answer.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#answer.toString('latin1', 0, head))?.[1] ?? '0'
    if (this.#answer.length < head + 4 + Number(length)) return
    this.latenciesNs.push((performance.now() - this.#sentAt) * 1e6)
    if (!this.#answer.subarray(0, OK.length).equals(OK)) this.wrong++
    this.#answer = Buffer.alloc(0)
    this.#done?.()
  }
}

const opened = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
    socket.on('error', reject)
  })

const presenting = ({ path }: Load): Buffer[] =>
  tokens.map((token) =>
    Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`),
  )

/** The form of RFC 7009. The server has no key, so it takes the claims of the token as they are. */
function revoking({ path, ms, revokes }: Load): Buffer[] {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const [header, exp] = [part({ alg: 'HS256' }), Math.floor(Date.now() / 1000) + 3600]
  return Array.from({ length: Math.ceil(ms * REVOKED_PER_MS) }, () => {
    const token = `${header}.${part({ jti: randomUUID(), iss: 'bench', exp })}.c2lnbmF0dXJl`
    const client = { client_id: revokes?.id ?? '', client_secret: revokes?.secret ?? '' }
    const body = new URLSearchParams({ token, ...client }).toString()
    const type = 'application/x-www-form-urlencoded'
    return Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${type}\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    )
  })
}

async function load(asked: Load): Promise<Loaded> {
  const { port, ms } = asked
  const requests = asked.revokes === undefined ? presenting(asked) : revoking(asked)
  const sockets = await Promise.all(Array.from({ length: connections }, () => opened(port)))
  // So that no two connections revoke the same token.
  const apart = Math.floor(requests.length / connections)
  const all = sockets.map((socket, i) => new Connection(socket, requests, i * apart))
  const begun = performance.now()
  await Promise.all(all.map((one) => one.run(begun + ms)))
  const elapsedMs = performance.now() - begun
  for (const one of all) one.close()
  const latenciesNs = all.flatMap((one) => one.latenciesNs)
  const wrong = all.reduce((sum, one) => sum + one.wrong, 0)
  return { done: latenciesNs.length, wrong, latenciesNs, elapsedMs }
}

process.on('message', (asked: Load) => void load(asked).then((loaded) => process.send?.(loaded)))
process.on('disconnect', () => process.exit())
process.send?.('ready')
