import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { send } from '../adapters/request.js'
import { mint, PUBLIC_KEY, sidecar } from './sidecar.js'

/** An issuer's server, which has no keys to give until it is told to. */
async function issuer() {
  let working = false
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(PUBLIC_KEY)), kid: 'k', alg: 'ES256' }] })
  const server = createServer((_request, response) => {
    response.writeHead(working ? 200 : 500, { 'content-type': 'application/json' }).end(keys)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { port, work: () => void (working = true), close: () => server.close() }
}

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

describe('a key set that can not be fetched', () => {
  it('is told by /readyz and in one warning, without its query, until it is there', async () => {
    const keys = await issuer()
    const warnings: string[] = []
    const note = (_details: object, message: string): void => void warnings.push(message)
    const logger = { info: () => undefined, warn: note, error: note, debug: () => undefined }
    const jwks = `http://127.0.0.1:${keys.port}/jwks.json?key=secret`
    const server = await sidecar({ jwks, engine: { logger } })
    open.push(keys.close, server.close)
    const token = await mint()
    const check = () => send(server.check, '/check', { authorization: [`Bearer ${token}`] })
    expect((await check()).status).toBe(503)
    const ready = await send(server.check, '/readyz')
    expect([ready.status, ready.text]).toEqual([
      503,
      `the key set http://127.0.0.1:${keys.port}/jwks.json could not be fetched\n`,
    ])
    keys.work()
    await expect.poll(async () => (await check()).status, { timeout: 60_000 }).toBe(200)
    expect((await send(server.check, '/readyz')).status).toBe(200)
    expect(warnings.filter((message) => message.includes('key set'))).toHaveLength(1)
  })
})
