import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { createPool } from '#dist/store/postgres/driver.js'

/** A message of the protocol of PostgreSQL: a type, the length, and what it holds. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5, type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const AUTHENTICATED = message('R', Buffer.alloc(4))
const READY = message('Z', Buffer.from('I'))
const SHUT_DOWN = message('E', Buffer.from('SFATAL\0C57P01\0Mthe server is shut down\0\0'))

it('a connection that is lost as the pool hands it out does not end the process', async () => {
  // In one piece, so that the error comes in the turn in which the pool hands the connection out.
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(Buffer.concat([AUTHENTICATED, READY, SHUT_DOWN])))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const pool = await createPool({ url: `postgres://user@127.0.0.1:${port}/db`, connectTimeoutMs: 10_000 })
  const errors: unknown[] = []
  const listen = (error: unknown): void => void errors.push(error)
  // Instead of the listener of the test runner, which would only report it at the end.
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException').on('uncaughtException', listen)
  try {
    const client = await pool.connect()
    await turn()
    client.release(true)
    await pool.end()
  } finally {
    process.removeListener('uncaughtException', listen)
    for (const other of others) process.on('uncaughtException', other)
  }
  expect(errors).toEqual([])
})
