import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * A TCP proxy on loopback that delays a server on loopback: each byte arrives half a round trip later,
 * unaltered and in order. The number of bytes under way is not limited.
 */
export class DelayProxy {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  static async start(target: number, roundTripMs: number): Promise<DelayProxy> {
    const server = createServer({ noDelay: true, allowHalfOpen: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
    const proxy = new DelayProxy(server, address.port)
    server.on('connection', (client) => proxy.#connect(client, target, roundTripMs / 2))
    return proxy
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #connect(client: Socket, target: number, delayMs: number): void {
    const server = connect({ host: '127.0.0.1', port: target, noDelay: true, allowHalfOpen: true })
    const ways = [
      [client, server],
      [server, client],
    ] as const
    for (const [from, to] of ways) {
      this.#sockets.add(from)
      carry(from, to, delayMs)
      from.on('close', () => this.#sockets.delete(from))
    }
  }
}

/** Milliseconds. Node's timers are late by 1 ms or more, so the last 2 ms pass turn by turn instead. */
const TIMER_IS_LATE_MS = 2

function carry(from: Socket, to: Socket, delayMs: number): void {
  const underWay: { readonly due: number; readonly arrive: () => void }[] = []
  const wait = (): void => {
    const next = underWay.at(0)
    if (next === undefined) return
    const ms = next.due - performance.now()
    if (ms > TIMER_IS_LATE_MS) setTimeout(deliver, ms - TIMER_IS_LATE_MS)
    else setImmediate(deliver)
  }
  const deliver = (): void => {
    const now = performance.now()
    for (let next = underWay.at(0); next !== undefined && next.due <= now; next = underWay.at(0)) {
      underWay.shift()
      next.arrive()
    }
    wait()
  }
  const send = (arrive: () => void): void => {
    underWay.push({ due: performance.now() + delayMs, arrive })
    if (underWay.length === 1) wait()
  }
  from.on('data', (bytes) => send(() => to.write(bytes)))
  from.on('end', () => send(() => to.end()))
  // An error arrives after the bytes that were sent before it.
  from.on('error', () => send(() => to.destroy()))
}
