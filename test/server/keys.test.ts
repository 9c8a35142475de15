import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { send } from '../adapters/request.js'
import { mint, sidecar } from './sidecar.js'

let body: string | undefined
const issuer = createServer((_, response) => response.writeHead(body === undefined ? 500 : 200).end(body))
const warnings: string[] = []
const ignored = (): void => undefined
const warn = (details: object, message: string): number =>
  warnings.push(`${message} ${JSON.stringify(details)}`)
let server: Awaited<ReturnType<typeof sidecar>>

beforeAll(async () => {
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
  const address = issuer.address()
  const port = typeof address === 'object' ? address?.port : undefined
  server = await sidecar({
    jwks: `http://127.0.0.1:${port}/jwks.json?key=hidden`,
    engine: { logger: { debug: ignored, info: ignored, warn, error: ignored } },
  })
})

afterAll(async () => {
  await server.close()
  issuer.close()
})

describe('a key set that can not be fetched', () => {
  it('is a warning that names it without its query, and is not repeated for each request', async () => {
    await expect.poll(() => warnings.length, { timeout: 30_000 }).toBeGreaterThan(0)
    const authorization = [`Bearer ${await mint()}`]
    for (let i = 0; i < 20; i++)
      expect((await send(server.check, '/check', { authorization })).status).toBe(503)
    expect(warnings.length).toBeLessThan(20)
    expect(warnings[0]).toContain('/jwks.json"')
    expect(warnings[0]).toContain('Expected 200 OK')
    expect(warnings.join()).not.toContain('hidden')
  })

  it('makes /readyz say 503 until it was fetched once', async () => {
    const before = await send(server.check, '/readyz')
    expect([before.status, before.text]).toEqual([503, "the key set can't be fetched: see the log\n"])
    body = '{"keys":[]}'
    expect((await send(server.check, '/readyz')).status).toBe(200)
    body = undefined
    expect((await send(server.check, '/readyz')).status).toBe(200)
  })
})
