import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { DelayProxy } from '../../bench/harness/delay-proxy.js'

/** Sends everything back. */
let echo: Server
const atServer: Socket[] = []
beforeAll(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    atServer.push(socket)
    socket.on('error', () => undefined).pipe(socket)
  })
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
})
afterAll(() => echo.close())

async function through(roundTripMs: number): Promise<{ socket: Socket; proxy: DelayProxy }> {
  const address = echo.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const proxy = await DelayProxy.start(address.port, roundTripMs)
  const socket = connect({ host: '127.0.0.1', port: proxy.port, noDelay: true, allowHalfOpen: true })
  onTestFinished(async () => {
    socket.destroy()
    await proxy[Symbol.asyncDispose]()
  })
  await once(socket, 'connect')
  return { socket, proxy }
}

describe('the delay proxy', () => {
  it.each([0.3, 5, 30])('answers no sooner than a round trip of %d ms, each time', async (roundTripMs) => {
    const { socket } = await through(roundTripMs)
    for (let i = 0; i < 20; i++) {
      const sent = performance.now()
      socket.write('?')
      await once(socket, 'data')
      expect(performance.now() - sent).toBeGreaterThanOrEqual(roundTripMs)
    }
  })

  it('delays each direction by half: what was sent is back at the server no sooner than that', async () => {
    const { socket } = await through(400)
    const sent = performance.now()
    socket.write('?')
    await expect.poll(() => atServer.at(-1)?.bytesRead, { interval: 1 }).toBe(1)
    expect(performance.now() - sent).toBeGreaterThanOrEqual(200)
    expect(socket.bytesRead).toBe(0) // the other half is still to come
    await once(socket, 'data')
  })

  it('passes on what it got, all of it and in order, to the end of the stream', async () => {
    const { socket } = await through(3)
    const sent = Array.from({ length: 200 }, (_, i) => randomBytes(((i * 97) % 5000) + 1))
    const received: Buffer[] = []
    socket.on('data', (bytes: Buffer) => received.push(bytes))
    for (const [i, bytes] of sent.entries()) {
      socket.write(bytes)
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    socket.end()
    await once(socket, 'end')
    expect(Buffer.concat(received).equals(Buffer.concat(sent))).toBe(true)
  })

  it('has many under way at once: the second does not wait for the answer to the first', async () => {
    const { socket } = await through(800)
    socket.write('1')
    await new Promise((resolve) => setTimeout(resolve, 10))
    socket.write('2')
    const before = socket.bytesRead
    await expect.poll(() => atServer.at(-1)?.bytesRead, { interval: 1 }).toBe(2)
    expect([before, socket.bytesRead]).toEqual([0, 0])
  })

  it('ends all connections with itself, and refuses new ones', async () => {
    const { socket, proxy } = await through(1)
    const closed = once(
      socket
        .on('error', () => undefined)
        .resume()
        .on('end', () => socket.end()),
      'close',
    )
    await proxy[Symbol.asyncDispose]()
    await closed
    const late = connect(proxy.port, '127.0.0.1')
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
  })
})
