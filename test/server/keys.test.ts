import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { send } from '../adapters/request.js'
import { temporaryDirectory } from '../support/temp.js'
import { KEY_SET, mint, sidecar } from './sidecar.js'

/** Milliseconds between two questions to an issuer that gives no key set. */
const RETRY_AFTER_MS = 2000

let status = 500
let body = ''
let asked = 0
const issuer = createServer((_, response) => {
  asked++
  response.writeHead(status).end(body)
})
let warnings: string[] = []
const ignored = (): void => undefined
const warn = (details: object, message: string): number =>
  warnings.push(`${message} ${JSON.stringify(details)}`)
const logger = { debug: ignored, info: ignored, warn, error: ignored }
let jwks: string

beforeAll(async () => {
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
  jwks = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks.json?key=hidden`
})

afterAll(() => void issuer.close())

describe('a key set that can not be had', () => {
  it.each([
    ['an error of the issuer', 500, 'x', /the answer has status 500/],
    ['a redirect', 302, '', /the answer has status 302/],
    ['text', 200, 'hello', /the answer is not a JSON Web Key Set/],
    ['other JSON', 200, '{"issuer":"x"}', /the answer is not a JSON Web Key Set/],
    ['keys that are none', 200, '{"keys":["x"]}', /the answer is not a JSON Web Key Set/],
    ['no key', 200, '{"keys":[]}', /the key set has no key for signatures/],
    ['a key of no type', 200, '{"keys":[{"kid":"k"}]}', /the key set has no key for signatures/],
    [
      'a key for encryption',
      200,
      KEY_SET.replace('"kid"', '"use":"enc","kid"'),
      /the key set has no key for signatures/,
    ],
    ['ten megabytes', 200, `${KEY_SET}${' '.repeat(10 << 20)}`, /the answer has more than 1048576 bytes/],
  ])('because of %s: 503, not ready, a warning, few questions', async (_what, code, text, reason) => {
    ;[status, body, asked, warnings] = [code, text, 0, []]
    const begun = performance.now()
    const server = await sidecar({ jwks, engine: { logger } })
    try {
      const authorization = [`Bearer ${await mint()}`]
      for (let i = 0; i < 15; i++) {
        const checked = await send(server.check, '/check', { authorization })
        expect([checked.status, checked.headers['retry-after']]).toEqual([503, '1'])
        for (const port of [server.check, server.admin]) {
          const probed = await send(port, '/readyz')
          expect(probed.status).toBe(503)
          expect(probed.text).toBe("the URL of 'jwks' gives no key set: see the log\n")
        }
      }
      expect(asked).toBeLessThanOrEqual(1 + (performance.now() - begun) / RETRY_AFTER_MS)
      expect(warnings[0]).toMatch(reason)
      expect(warnings[0]).toContain('/jwks.json"')
      expect(warnings.join()).not.toContain('hidden')
      expect(warnings.length).toBeLessThan(15)
    } finally {
      await server.close()
    }
  })

  it('is asked for again, and used once it is there; a later outage changes nothing at first', async () => {
    ;[status, body] = [500, '']
    const server = await sidecar({ jwks, engine: { logger } })
    try {
      expect((await send(server.check, '/readyz')).status).toBe(503)
      ;[status, body] = [200, KEY_SET]
      await expect
        .poll(async () => (await send(server.check, '/readyz')).status, { timeout: 60_000 })
        .toBe(200)
      const authorization = [`Bearer ${await mint()}`]
      ;[status, body, asked] = [500, '', 0]
      expect((await send(server.check, '/check', { authorization })).status).toBe(200)
      expect((await send(server.check, '/readyz')).status).toBe(200)
      expect(asked).toBe(0)
    } finally {
      await server.close()
    }
  })

  it('because its answer never ends: everybody gets 503, after one question to the issuer', async () => {
    let questions = 0
    const hanging = createServer((_, response) => {
      questions++
      response.writeHead(200, { 'content-length': '100' }).write('{"keys":')
    })
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve))
    const { port } = hanging.address() as AddressInfo
    const server = await sidecar({ jwks: `http://127.0.0.1:${port}/`, engine: { logger } })
    try {
      const authorization = [`Bearer ${await mint()}`]
      const asked = Array.from({ length: 20 }, () => send(server.check, '/check', { authorization }))
      expect((await send(server.check, '/livez')).status).toBe(200)
      for (const { status } of await Promise.all(asked)) expect(status).toBe(503)
      expect(questions).toBe(1)
    } finally {
      await server.close()
      hanging.closeAllConnections()
      hanging.close()
    }
  })

  it('because nobody listens there, is told by the code of the error', async () => {
    warnings = []
    issuer.close()
    const server = await sidecar({ jwks, engine: { logger } })
    try {
      expect((await send(server.check, '/readyz')).text).toBe("the key set can't be fetched: see the log\n")
      expect(warnings[0]).toMatch(/can't be fetched: no token can be verified .*"ECONNREFUSED"/)
    } finally {
      await server.close()
    }
  })
})

it.each([
  ['keys that are none', '{"keys":["x"]}', "the file has no list 'keys' of JSON objects"],
  ['no key', '{"keys":[]}', "its list 'keys' has no key for signatures"],
  ['text', '-----BEGIN', 'the file is not valid JSON'],
])('a file of %s is refused at the start', async (_what, text, problem) => {
  const file = join(temporaryDirectory(), 'jwks.json')
  writeFileSync(file, text)
  await expect(sidecar({ jwks: file })).rejects.toMatchObject({
    code: 'ERR_CONFIG',
    message: `option 'jwks' must be a URL, or the path of a JSON Web Key Set: ${problem}`,
  })
})
