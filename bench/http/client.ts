// The client's process. It costs little, so that the server is what is measured: requests are made ahead, and
// of an answer only the status and the length are read. One request at a time on each connection.
import { connect, type Socket } from 'node:net'
import type { Load, Loaded } from './processes.js'

const { connections, tokens } = JSON.parse(process.argv[2] ?? '') as {
  readonly connections: number
  readonly tokens: readonly string[]
}
const OK = Buffer.from('HTTP/1.1 200')

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

async function load({ port, path, ms }: Load): Promise<Loaded> {
  const requests = tokens.map((token) =>
    Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`),
  )
  const sockets = await Promise.all(Array.from({ length: connections }, () => opened(port)))
  const all = sockets.map((socket, i) => new Connection(socket, requests, i * 16))
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
