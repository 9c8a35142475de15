import { readdirSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scaled } from '../support/scale.js'
import { EDITOR, mint, sidecar } from './sidecar.js'

let server: Awaited<ReturnType<typeof sidecar>>
const agent = new Agent({ keepAlive: true, maxSockets: 8 })

beforeAll(async () => {
  server = await sidecar()
})

afterAll(async () => {
  agent.destroy()
  await server.close()
})

setFlagsFromString('--expose-gc')

/** Bytes of the heap that are in use, after a collection. */
function heap(): number {
  runInNewContext('gc()')
  return process.memoryUsage().heapUsed
}

const descriptors = (): number => readdirSync('/proc/self/fd').length

function ask(token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { agent, host: '127.0.0.1', port: server.check, path: '/check' }
    const sent = request({ ...options, headers: { authorization: `Bearer ${token}` } }, (reply) => {
      reply.resume().once('end', () => resolve(reply.statusCode ?? 0))
    })
    sent.once('error', reject).end()
  })
}

const revoke = (token: string): Promise<number> =>
  fetch(`http://127.0.0.1:${server.admin}/revocations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${EDITOR}`, 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  }).then(async (reply) => {
    await reply.arrayBuffer()
    return reply.status
  })

describe('under a constant load', () => {
  it.runIf(process.platform === 'linux')('heap and descriptors stay as they are', async () => {
    const tokens = await Promise.all(Array.from({ length: 50 }, () => mint()))
    const [revoked = ''] = tokens
    const round = async (): Promise<void> => {
      for (let i = 0; i < scaled(6); i++) {
        const statuses = await Promise.all(tokens.map((token) => ask(token)))
        expect(statuses).toEqual(tokens.map((token) => (token === revoked ? 401 : 200)))
      }
    }
    expect(await revoke(revoked)).toBe(201)
    // The first rounds fill caches, and let code be compiled.
    await round()
    await round()
    const before = { heap: heap(), descriptors: descriptors() }
    for (let i = 0; i < 3; i++) await round()
    expect(await revoke(revoked)).toBe(200)
    expect(heap() - before.heap).toBeLessThan(2 << 20)
    expect(descriptors() - before.descriptors).toBeLessThan(8)
  })
})
