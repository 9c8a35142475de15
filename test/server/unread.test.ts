import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { createAdminApp } from '#dist/server/admin-app.js'

it('an answer that nobody reads is cut off, and what it is made from is closed', async () => {
  const app = createAdminApp('silent', 20)
  let isMade = true
  async function* endless(): AsyncGenerator<string, void, void> {
    try {
      for (;;) yield await Promise.resolve('x'.repeat(10_000))
    } finally {
      isMade = false
    }
  }
  app.get('/endless', (_request, reply) => reply.send(Readable.from(endless())))
  try {
    await app.listen({ host: '127.0.0.1', port: 0 })
    const address = app.server.address()
    const client = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1')
    client.pause().on('error', () => undefined)
    client.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n')
    const closed = once(client, 'close')
    await expect.poll(() => isMade, { timeout: 60_000 }).toBe(false)
    // What had arrived before.
    client.resume()
    await closed
  } finally {
    await app.close()
  }
})
