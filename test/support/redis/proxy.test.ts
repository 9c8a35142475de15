import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { countCommands } from './count-commands.js'
import { startProxy, type TcpProxy } from './proxy.js'
import { type RedisServer, startRedis } from './server.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
  return redis.stop
})

/** A bare connection, of which a test sees every byte and how it ends. */
class Wire {
  readonly socket: Socket
  received = Buffer.alloc(0)
  /** `end`: FIN; else the code of the error. */
  ending: string | undefined

  private constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.socket.on('data', (bytes) => (this.received = Buffer.concat([this.received, bytes])))
    this.socket.on('end', () => (this.ending ??= 'end'))
    this.socket.on('error', (error: NodeJS.ErrnoException) => (this.ending ??= error.code))
    onTestFinished(() => {
      this.socket.destroy()
    })
  }

  static async open({ port }: { readonly port: number }): Promise<Wire> {
    const wire = new Wire(port)
    await once(wire.socket, 'connect')
    return wire
  }

  send(command: string): void {
    this.socket.write(`${command}\r\n`)
  }

  async receives(text: string): Promise<void> {
    await vi.waitFor(() => expect(this.received.toString()).toBe(text), { timeout: 5000, interval: 1 })
  }

  async ends(how: string): Promise<void> {
    await vi.waitFor(() => expect(this.ending).toBe(how), { timeout: 5000, interval: 1 })
  }

  /** For a while nothing comes, and nothing ends. */
  async staysQuiet(ms = 100): Promise<void> {
    const before = this.received
    await new Promise((resolve) => setTimeout(resolve, ms))
    expect(this.received.subarray(before.length).toString()).toBe('')
    expect(this.ending).toBeUndefined()
  }
}

async function connected(): Promise<{ proxy: TcpProxy; wire: Wire }> {
  const proxy = await startProxy(redis)
  const wire = await Wire.open(proxy)
  wire.send('PING')
  await wire.receives('+PONG\r\n')
  return { proxy, wire }
}

describe('without a fault', () => {
  it('passes everything on, and counts it', async () => {
    const { proxy, wire } = await connected()
    expect(proxy.counters).toEqual({ connections: 1, open: 1, bytesToServer: 6, bytesToClient: 7 })
    wire.send('QUIT')
    await wire.ends('end')
    await vi.waitFor(() =>
      expect(proxy.counters).toEqual({ connections: 1, open: 0, bytesToServer: 12, bytesToClient: 12 }),
    )
  })

  it('passes on what is larger than its buffers, whole', async () => {
    const proxy = await startProxy(redis)
    proxy.latency(5)
    const client = new Redis(proxy.url)
    onTestFinished(() => client.disconnect())
    const large = Buffer.alloc(8 << 20, 'abcdefghijklmnopqrstuvw')
    await client.set('large', large)
    expect((await client.getBuffer('large'))?.equals(large)).toBe(true)
    expect(proxy.counters.bytesToServer).toBeGreaterThan(large.length)
  })

  it('tells the client when the server is killed', async () => {
    const doomed = await startRedis()
    const wire = await Wire.open(await startProxy(doomed))
    wire.send('PING')
    await wire.receives('+PONG\r\n')
    await doomed.kill()
    await vi.waitFor(() => expect(wire.ending).toBeDefined())
    const next = await Wire.open({ port: doomed.port }).catch((error: unknown) => error)
    expect(next).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('leads to the database of the URL, with user and password', async () => {
    const proxy = await startProxy({ url: 'redis://user:secret@127.0.0.1:1234/5' })
    expect(proxy.url).toBe(`redis://user:secret@127.0.0.1:${proxy.port}/5`)
  })
})

describe('latency', () => {
  it('delays each direction and keeps the order, and does not add up', async () => {
    const { proxy, wire } = await connected()
    proxy.latency(50)
    const start = performance.now()
    let expected = '+PONG\r\n'
    await redis.command('DEL', 'n')
    for (let i = 1; i <= 40; i++) {
      wire.send('INCR n')
      expected += `:${i}\r\n`
      await new Promise((resolve) => setImmediate(resolve))
    }
    await wire.receives(expected)
    const took = performance.now() - start
    expect(took).toBeGreaterThanOrEqual(99)
    expect(took).toBeLessThan(2000) // one after the other they would take four seconds
  })

  it('lowered, nothing overtakes what is under way', async () => {
    const { proxy, wire } = await connected()
    proxy.latency(100)
    wire.send('ECHO first')
    await new Promise((resolve) => setTimeout(resolve, 20))
    proxy.latency(0)
    wire.send('ECHO second')
    await wire.receives('+PONG\r\n$5\r\nfirst\r\n$6\r\nsecond\r\n')
  })

  it('a client that ends waits for what it asked', async () => {
    const { proxy, wire } = await connected()
    proxy.latency(30)
    wire.send('ECHO last')
    wire.socket.end()
    await wire.receives('+PONG\r\n$4\r\nlast\r\n')
    await wire.ends('end')
  })
})

describe('black hole', () => {
  it('nothing arrives, on old connections and new ones, and nothing ends', async () => {
    const { proxy, wire } = await connected()
    const sent = await countCommands(redis)
    proxy.blackHole()
    wire.send('SET swallowed 1')
    const late = await Wire.open(proxy)
    late.send('SET swallowed 1')
    await wire.staysQuiet()
    await late.staysQuiet(0)
    expect(await sent()).toEqual({})
    expect(proxy.counters).toMatchObject({ connections: 2, open: 2, bytesToServer: 6 })
  })

  it('does not tell that the server was killed', async () => {
    const doomed = await startRedis()
    const proxy = await startProxy(doomed)
    const wire = await Wire.open(proxy)
    proxy.blackHole()
    await doomed.kill()
    await wire.staysQuiet()
  })

  it('restored, what lost bytes is reset, what did not works on, and new connections work', async () => {
    const { proxy, wire } = await connected()
    const idle = await Wire.open(proxy)
    idle.send('PING')
    await idle.receives('+PONG\r\n')
    proxy.blackHole()
    wire.send('PING')
    await wire.staysQuiet()
    await proxy.restore()
    await wire.ends('ECONNRESET')
    idle.send('ECHO on')
    await idle.receives('+PONG\r\n$2\r\non\r\n')
    const late = await Wire.open(proxy)
    late.send('PING')
    await late.receives('+PONG\r\n')
  })
})

it('reset breaks all connections; new ones work', async () => {
  const { proxy, wire } = await connected()
  proxy.reset()
  await wire.ends('ECONNRESET')
  await vi.waitFor(() => expect(proxy.counters.open).toBe(0))
  const next = await Wire.open(proxy)
  next.send('PING')
  await next.receives('+PONG\r\n')
})

it('refused, new connections fail and old ones work; accepted again, at the same port', async () => {
  const { proxy, wire } = await connected()
  proxy.refuse()
  await expect(Wire.open(proxy)).rejects.toThrow('ECONNREFUSED')
  wire.send('ECHO on')
  await wire.receives('+PONG\r\n$2\r\non\r\n')
  await proxy.accept()
  await Wire.open(proxy)
})

describe('half-open', () => {
  it("the server's side is gone, the client's stays, unanswered; new connections work", async () => {
    const { proxy, wire } = await connected()
    proxy.halfOpen()
    wire.send('PING')
    await wire.staysQuiet()
    const next = await Wire.open(proxy)
    next.send('PING')
    await next.receives('+PONG\r\n')
    await proxy.restore()
    await wire.ends('ECONNRESET')
    await next.staysQuiet(20)
  })

  it('a server that is killed later ends no connection either', async () => {
    const doomed = await startRedis()
    const proxy = await startProxy(doomed)
    proxy.halfOpen()
    const wire = await Wire.open(proxy)
    wire.send('PING')
    await wire.receives('+PONG\r\n')
    await doomed.kill()
    wire.send('PING')
    await wire.staysQuiet()
  })
})

describe('truncated', () => {
  it.each([0, 1, 6])(
    'the next reply ends after %s bytes, though the server did what was asked',
    async (bytes) => {
      const { proxy, wire } = await connected()
      const other = await Wire.open(proxy)
      await redis.command('SET', 'cut', 'before')
      proxy.truncate(bytes)
      wire.send('SET cut after GET') // replies $6\r\nbefore\r\n
      await wire.ends('end')
      expect(wire.received.toString()).toBe(`+PONG\r\n${'$6\r\nbefore\r\n'.slice(0, bytes)}`)
      expect(await redis.command('GET', 'cut')).toBe('after')
      other.send('PING')
      await other.receives('+PONG\r\n') // once only
    },
  )
})
