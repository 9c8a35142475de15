import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { send } from '../adapters/request.js'
import { CLIENT, EDITOR, mint, sidecar } from './sidecar.js'

let server: Awaited<ReturnType<typeof sidecar>>
let good: string

beforeAll(async () => {
  // Every check asks the store, which is then not there any more.
  server = await sidecar({ engine: { maxStalenessMs: 0 } })
  good = await mint()
  expect((await send(server.check, '/check', { authorization: [`Bearer ${good}`] })).status).toBe(200)
  for (const end of ['', '-wal', '-shm']) rmSync(join(server.folder, `revocade.db${end}`), { force: true })
})

afterAll(() => server.close())

const post = (path: string, body: string, headers: Record<string, string>) =>
  fetch(`http://127.0.0.1:${server.admin}${path}`, { method: 'POST', body, headers })

describe('without its store', () => {
  it('/check answers 503 with Retry-After, and no body', async () => {
    const { status, headers, text } = await send(server.check, '/check', {
      authorization: [`Bearer ${good}`],
    })
    expect([status, headers['retry-after'], headers['content-length'], text]).toEqual([503, '1', '0', ''])
    expect(headers['cache-control']).toBe('no-store')
  })

  it('/readyz answers 503 and says why; /livez answers 200', async () => {
    for (const port of [server.check, server.admin]) {
      const ready = await send(port, '/readyz')
      expect([ready.status, ready.text]).toEqual([503, "the store can't be asked\n"])
      expect((await send(port, '/livez')).status).toBe(200)
    }
  })

  it('/metrics answers, and says whether its figures are new', async () => {
    const { status, text } = await send(server.admin, '/metrics')
    expect(status).toBe(200)
    expect(text).toMatch(/^revocade_up [01]$/m)
  })

  it('/revoke and /introspect answer 503 as JSON, /revocations as a problem', async () => {
    const basic = `Basic ${btoa(`${encodeURIComponent(CLIENT.id)}:${encodeURIComponent(CLIENT.secret)}`)}`
    const form = { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' }
    for (const path of ['/revoke', '/introspect']) {
      const reply = await post(path, `token=${good}`, form)
      expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await reply.json()).toMatchObject({ error: 'temporarily_unavailable' })
    }
    const admin = { authorization: `Bearer ${EDITOR}`, 'content-type': 'application/json' }
    const reply = await post('/revocations', JSON.stringify({ token: good }), admin)
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '1'])
    expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  })
})
