import { connect, createServer, type Server, Socket } from 'node:net'
import { onTestFinished, TestRunner } from 'vitest'
import { PORTS_TO_TRY, portToTry } from './free-port.js'
import { type Bytes, type Faults, Link } from './proxy-link.js'

const MOST_CONNECTIONS = 1024

/**
 * A TCP proxy on loopback, in front of a server, that breaks what goes through it.
 * Without a fault it passes everything on.
 * The end of a test stops the proxy by itself; in a hook, return `proxy.stop`.
 */
export async function startProxy(target: { readonly url: string }): Promise<TcpProxy> {
  const proxy = new TcpProxy(target.url)
  if (TestRunner.getCurrentTest() !== undefined) onTestFinished(proxy.stop)
  await proxy.accept()
  return proxy
}

export class TcpProxy {
  #target: URL
  readonly #faults: Faults = { latencyMs: 0, blackHole: false, halfOpen: false, cut: undefined }
  readonly #bytes: Bytes = { toServer: 0, toClient: 0 }
  readonly #links = new Set<Link>()
  #connections = 0
  #server: Server | undefined
  #port: number | undefined

  constructor(target: string) {
    this.#target = new URL(target)
  }

  get port(): number {
    if (this.#port === undefined) throw new Error('the proxy was never started')
    return this.#port
  }

  /** The target's URL, by way of the proxy. */
  get url(): string {
    const url = new URL(this.#target)
    url.host = `127.0.0.1:${this.port}`
    return url.href
  }

  /** Connections accepted so far, those open now, and the bytes that arrived on each side. */
  get counters(): {
    readonly connections: number
    readonly open: number
    readonly bytesToServer: number
    readonly bytesToClient: number
  } {
    return {
      connections: this.#connections,
      open: this.#links.size,
      bytesToServer: this.#bytes.toServer,
      bytesToClient: this.#bytes.toClient,
    }
  }

  /** From now on bytes arrive so much later, in each direction, in order: a round trip takes twice that. */
  latency(ms: number): void {
    this.#faults.latencyMs = ms
  }

  /**
   * Swallows everything. Connections stay open, and new ones are accepted and lead nowhere.
   * Neither side hears of the other's end.
   */
  blackHole(): void {
    this.#faults.blackHole = true
  }

  /** Breaks all connections (RST). New ones work. */
  reset(): void {
    for (const link of this.#links) link.reset()
  }

  /** Refuses new connections. Those that are open work: `reset()` them for a server that is gone. */
  refuse(): void {
    this.#server?.close()
    this.#server = undefined
  }

  /** Accepts connections again, at the same port. */
  async accept(): Promise<void> {
    if (this.#server !== undefined) return
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#connect(client))
    server.maxConnections = MOST_CONNECTIONS
    this.#port = await listen(server, this.#port)
    this.#server = server
  }

  /**
   * A server that vanished without a FIN. The server's side of all connections is gone, the client's side
   * stays open, and what it sends is never answered. New connections work until their server's side goes:
   * their clients aren't told either.
   */
  halfOpen(): void {
    this.#faults.halfOpen = true
    for (const link of this.#links) link.abandon()
  }

  /**
   * Cuts the next reply, on whichever connection it comes, after so many bytes, and closes that connection.
   * With 0 the server did what it was asked, and nobody hears of it.
   */
  truncate(bytes: number): void {
    this.#faults.cut = { left: bytes, link: undefined }
  }

  /** Leads to another server from now on, as an address does after a failover: all connections break. */
  leadTo(target: { readonly url: string }): void {
    this.#target = new URL(target.url)
    this.reset()
  }

  /**
   * Ends all faults. Connections that lost bytes or their server's side are reset: nothing right could come
   * through them.
   */
  async restore(): Promise<void> {
    Object.assign(this.#faults, {
      latencyMs: 0,
      blackHole: false,
      halfOpen: false,
      cut: undefined,
    } satisfies Faults)
    for (const link of this.#links) if (link.broken) link.reset()
    await this.accept()
  }

  readonly stop = (): void => {
    this.refuse()
    this.reset()
  }

  #connect(client: Socket): void {
    this.#connections++
    const server = this.#faults.blackHole ? new Socket() : this.#toTarget()
    const link = new Link(client, server, this.#faults, this.#bytes)
    if (this.#faults.blackHole) link.abandon()
    this.#links.add(link)
    const closed = (): void => {
      if (!link.closed) return
      this.#links.delete(link)
      if (this.#faults.cut?.link === link) this.#faults.cut.link = undefined
    }
    client.on('close', closed)
    server.on('close', closed)
  }

  #toTarget(): Socket {
    const host = this.#target.hostname.replace(/^\[|\]$/g, '') // of an IPv6 address
    return connect({ host, port: Number(this.#target.port || 6379), allowHalfOpen: true, noDelay: true })
  }
}

/** Resolves with the port that it listens at. */
async function listen(server: Server, port: number | undefined): Promise<number> {
  for (let tries = 1; ; tries++) {
    const candidate = port ?? portToTry()
    try {
      await new Promise<void>((resolve, reject) =>
        server.once('error', reject).listen(candidate, '127.0.0.1', resolve),
      )
      return candidate
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (!taken || port !== undefined || tries >= PORTS_TO_TRY) throw error
    }
  }
}
