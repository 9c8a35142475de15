import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRevocade } from 'revocade'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { internalsOf } from '#dist/engine/internals.js'
import { rowAt } from '#dist/engine/newest-rows.js'
import { takenBackBy } from '#dist/engine/undo.js'
import { send } from '../adapters/request.js'
import { revocade as runCli } from '../support/cli.js'
import { temporaryDirectory } from '../support/temp.js'
import { inSeconds } from '../support/time.js'
import { EDITOR, ISSUER, mint, sidecar, VIEWER } from './sidecar.js'

let server: Awaited<ReturnType<typeof sidecar>>

beforeAll(async () => {
  server = await sidecar()
})

afterAll(() => server.close())

interface Sent {
  readonly method?: string
  readonly body?: unknown
  readonly token?: string
  readonly type?: string
}

/** A request as an admin, with its status and what it returned. */
async function call(
  query: string,
  { method = 'GET', body, token = EDITOR, type = 'application/json' }: Sent = {},
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const reply = await fetch(`http://127.0.0.1:${server.admin}/revocations${query}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: text }),
  })
  expect(reply.headers.get('cache-control')).toBe('no-store')
  return {
    status: reply.status,
    headers: reply.headers,
    json: (await reply.json()) as Record<string, unknown>,
  }
}

const post = (body: unknown, sent: Sent = {}) => call('', { method: 'POST', body, ...sent })
const statusAtCheck = async (token: string): Promise<number> =>
  (await send(server.check, '/check', { authorization: [`Bearer ${token}`] })).status

describe('POST /revocations', () => {
  it('refuses bytes that are not UTF-8, which would name another subject', async () => {
    const reply = await fetch(`http://127.0.0.1:${server.admin}/revocations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${EDITOR}`, 'content-type': 'application/json' },
      body: Buffer.from('{"where":{"sub":"Jos\u00e9"}}', 'latin1'),
    })
    expect([reply.status, await reply.json()]).toMatchObject([400, { title: 'the body is not valid UTF-8' }])
  })

  it('revokes a token: 201, the next check is refused; again: 200', async () => {
    const token = await mint({ jti: 'one' })
    expect(await statusAtCheck(token)).toBe(200)
    const { status, json } = await post({ token, reason: 'stolen', ack: 'durable' })
    expect([status, json.outcome, json.durable]).toEqual([201, 'revoked', true])
    expect(await statusAtCheck(token)).toBe(401)
    expect(await post({ token })).toMatchObject({ status: 200, json: { outcome: 'already' } })
  })

  it('revokes by an id with its issuer, and without: that id of any issuer', async () => {
    const [named, any] = await Promise.all([mint({ jti: 'named' }), mint({ jti: 'any' })])
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
    expect((await post({ jti: 'named', iss: 'https://other.example', expiresAt })).status).toBe(201)
    expect(await statusAtCheck(named)).toBe(200)
    expect((await post({ jti: 'named', iss: 'https://issuer.example', expiresAt })).status).toBe(201)
    expect(await statusAtCheck(named)).toBe(401)
    expect((await post({ jti: 'any', expiresAt })).status).toBe(201)
    expect(await statusAtCheck(any)).toBe(401)
  })

  it('keeps the type that JSON gives an id', async () => {
    const iss = 'https://numbers.example'
    const expiresAt = inSeconds(3600)
    await post({ jti: 1, iss, expiresAt })
    await post({ jti: '2', iss, expiresAt })
    await post(`{"jti":3,"iss":"${iss}","expiresAt":${expiresAt}}\n`, { type: 'application/x-ndjson' })
    const ids = [1, '1', 2, '2', 3, '3']
    const found = await Promise.all(ids.map((jti) => server.engine.isRevoked({ jti, iss })))
    expect(found).toEqual([true, false, false, true, true, false])
  })

  it('revokes by claims, with a cutoff', async () => {
    const token = await mint({ sub: 'user-2' })
    const before = new Date(Date.now() - 120_000).toISOString()
    const early = await post({ where: { sub: 'user-2' }, issuedBefore: before })
    expect([early.status, await statusAtCheck(token)]).toEqual([201, 200])
    expect((await post({ where: { sub: 'user-2' }, issuedBefore: 'ever' })).status).toBe(201)
    expect(await statusAtCheck(token)).toBe(401)
  })

  it.each([
    ['no target', {}, 'invalid-request'],
    ['two targets', { token: 'a', jti: 'b' }, 'invalid-request'],
    ['an unknown member', { token: 'a', actor: 'somebody' }, 'invalid-request'],
    ['a wrong type', { token: 1 }, 'invalid-request'],
    ['a selector that no check looks for', { where: { email: 'a' } }, 'config'],
    ['an empty selector', { where: {} }, 'invalid-request'],
    ['everyone beside claims', { where: { sub: 'a' }, everyone: true }, 'invalid-request'],
    ['an array', [{ token: 'a' }], 'invalid-request'],
    ['no expiry', { token: 'opaque' }, 'no-expiry'],
    ['a time in milliseconds', { token: 'opaque', expiresAt: Date.now() }, 'invalid-time'],
    ['no JSON', '{', 'invalid-json'],
    ['lines', '{"token":"a"}\n{"token":"b"}', 'invalid-json'],
  ])('refuses %s with a problem', async (_what, body, type) => {
    const { status, headers, json } = await post(body)
    expect([status, json.type, json.status]).toEqual([400, `urn:revocade:${type}`, 400])
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/)
  })

  it.each([
    [{ tokn: 'a' }, "unknown member 'tokn': did you mean 'token'?"],
    [{ token: 'a', actor: 'eve' }, "unknown member 'actor': known: token, notBefore, "],
    [{ ['a-secret.'.repeat(9)]: 1 }, 'unknown member: known: token, '],
    [{ reason: 'a' }, "it names nothing: give one of 'token', 'where', 'jti'"],
    [{ token: 'a', jti: 'b' }, "it has 'token', 'jti': give one of them"],
    [{ token: 'a', issuedBefore: 1 }, "'issuedBefore' does not go with 'token'"],
    [{ token: 'a', expiresAt: 'tomorrow' }, "'expiresAt' must be seconds since 1970, or a date and time"],
    [{ jti: ['a'] }, "'jti' must be a string or a number"],
    [{ where: { sub: true } }, "'where' must be an object of claims, each a string or a number"],
    [{ where: { sub: 'a' }, issuedBefore: 'never' }, "'issuedBefore' must be seconds"],
    [{ token: 'a', ack: 'soon' }, '\'ack\' must be "durable" or "fleet"'],
    [{ token: 'a', reason: 1 }, "'reason' must be a string"],
    [{ where: {} }, `add "everyone": true or an 'issuedBefore'`],
  ])('names the member that is wrong: %j', async (body, text) => {
    expect((await post(body)).json.title).toContain(text)
    const line = await post(body, { type: 'application/x-ndjson' })
    const [problem] = line.json.problems as { detail: string }[]
    if ('ack' in body) expect(problem?.detail).toContain("unknown member 'ack'")
    else if ('actor' in body) expect(problem?.detail).toContain("'actor' needs 'revokedAt' beside it")
    else if (text.includes('everyone')) expect(problem?.detail).toContain('needs an issuedBefore')
    else expect(problem?.detail).toContain(text)
  })

  it('revokes everyone only where that is said', async () => {
    const of = await sidecar()
    try {
      const expiresAt = inSeconds(3600)
      const statusOf = async (body: object, type: string) => {
        const headers = { authorization: `Bearer ${EDITOR}`, 'content-type': type }
        const sent = { method: 'POST', headers, body: JSON.stringify(body) }
        return (await fetch(`http://127.0.0.1:${of.admin}/revocations`, sent)).status
      }
      const token = { jti: 'a', iat: inSeconds(-60) }
      for (const type of ['application/json', 'application/x-ndjson'])
        expect(await statusOf({ where: {}, expiresAt }, type)).toBe(400)
      expect(await of.engine.isRevoked(token)).toBe(false)
      expect(await statusOf({ where: {}, issuedBefore: inSeconds(-120) }, 'application/json')).toBe(201)
      expect(await of.engine.isRevoked(token)).toBe(false)
      expect(await statusOf({ where: {}, everyone: true, expiresAt }, 'application/json')).toBe(201)
      expect(await of.engine.isRevoked(token)).toBe(true)
      await of.engine.unrevokeWhere({})
      expect(await statusOf({ where: {}, issuedBefore: inSeconds(0) }, 'application/x-ndjson')).toBe(200)
      expect(await of.engine.isRevoked(token)).toBe(true)
    } finally {
      await of.close()
    }
  })

  it.each(['POST', 'DELETE'])('says which types it reads, for %s with none or another', async (method) => {
    const types = ['application/xml', 'text/plain', 'application/x-www-form-urlencoded']
    const sent = types.map((type) => ({ body: '{"token":"a"}', type }))
    const ndjson = { body: '{"token":"a"}', type: 'application/x-ndjson' }
    for (const one of [...sent, ...(method === 'DELETE' ? [ndjson] : []), {}]) {
      const { status, json } = await call('', { method, ...one })
      expect([status, json.type]).toEqual([415, 'urn:revocade:media-type'])
      expect(json.title).toContain('application/json')
    }
  })

  it('refuses a body that is too large', async () => {
    expect((await post({ token: 'a'.repeat(200_000) })).status).toBe(413)
  })

  it('does not repeat a token', async () => {
    const token = await mint()
    for (const body of [
      { token, x: token },
      { [token]: 1 },
      { where: { [token]: {} } },
      `{"token":"${token}`,
    ])
      expect(JSON.stringify((await post(body)).json)).not.toContain(token.slice(0, 20))
  })
})

describe('NDJSON', () => {
  const lines = (...entries: unknown[]) =>
    post(entries.map((entry) => (typeof entry === 'string' ? entry : JSON.stringify(entry))).join('\n'), {
      type: 'application/x-ndjson',
    })

  it('revokes one for each line, and tells the lines that can not be used', async () => {
    const token = await mint()
    const expiresAt = Math.floor(Date.now() / 1000) + 3600
    const { status, json } = await lines(
      { token, reason: 'bulk' },
      'no json',
      { jti: 'b1', expiresAt },
      { sha256: 'ab'.repeat(32), expiresAt },
      '',
      { where: { sub: 'user-3' } },
      { sha256: 'ab'.repeat(32) },
      { token: 'opaque' },
      { token, actor: 'x' },
      { token: await mint({ exp: 1 }) },
    )
    expect([status, json.count, json.invalid, json.expired]).toEqual([200, 4, 4, 1])
    const problems = json.problems as { line: number; detail: string }[]
    expect(problems.map(({ line }) => line).toSorted((a, b) => a - b)).toEqual([2, 7, 8, 9])
    expect(JSON.stringify(problems)).not.toContain(token)
    expect(await statusAtCheck(token)).toBe(401)
  })

  it('takes what revocade export writes, in the name of whoever asks', async () => {
    const expiresAt = Math.floor(Date.now() / 1000) + 3600
    const place = temporaryDirectory()
    const store = join(place, 'exported.db')
    const engine = await createRevocade({ store, idClaims: ['jti', 'uti'], maxTokenLifetimeSeconds: 3600 })
    const by = { actor: 'carol', reason: 'exported' }
    await engine.revoke({ jti: 'x1', iss: ISSUER, exp: expiresAt }, by)
    await engine.revoke({ jti: 'x2', exp: expiresAt }, by)
    await engine.revoke({ uti: 'x3', iss: ISSUER, exp: expiresAt }, by)
    await engine.revoke('opaque', { ...by, expiresAt })
    await engine.revokeWhere({ sub: 'user-9' }, by)
    await engine.revokeWhere({ sid: 's-9' }, { ...by, issuedBefore: 'ever' })
    await engine.close()
    const exported = await runCli(['export', '--store', store], { cwd: place })
    expect(exported.stdout.trim().split('\n')).toHaveLength(6)

    const other = await sidecar({ engine: { idClaims: ['jti', 'uti'] } })
    try {
      const reply = await fetch(`http://127.0.0.1:${other.admin}/revocations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${EDITOR}`, 'content-type': 'application/x-ndjson' },
        body: exported.stdout,
      })
      expect([reply.status, await reply.json()]).toMatchObject([200, { count: 6, invalid: 0 }])
      for (const claims of [{ jti: 'x1' }, { jti: 'x2' }, { jti: undefined, uti: 'x3' }, { sub: 'user-9' }])
        expect(await other.engine.isRevoked(await mint(claims)), JSON.stringify(claims)).toBe(true)
      expect(await other.engine.isRevoked('opaque')).toBe(true)
      for await (const { actor, reason } of other.engine.list())
        expect([actor, reason]).toEqual(['alice', 'exported'])
    } finally {
      await other.close()
    }
  })

  it('says 400 when there are lines and none can be used, and why', async () => {
    for (const [text, title] of [
      ['{"reason":"a"}\n{"x":1}\nhello', 'none of the 3 lines can be used: nothing was revoked'],
      ['{"token":"a","actor":"eve","expiresAt":4000000000}', "the line can't be used: nothing was revoked"],
      [`{"idClaim":"uti","id":"a","revokedAt":"2026-01-01T00:00:00Z","expiresAt":4000000000}`, undefined],
    ]) {
      const { status, json } = await lines(text)
      expect([status, json.type]).toEqual([400, 'urn:revocade:no-usable-line'])
      if (title !== undefined) expect(json.title).toBe(title)
      expect(json.problems).toContainEqual({ line: 1, detail: expect.any(String) as string })
    }
    expect(await lines('')).toMatchObject({ status: 200, json: { count: 0, invalid: 0 } })
  })

  it('ends at its limit', async () => {
    const small = await sidecar({ bulkBytes: 1024 })
    try {
      const reply = await fetch(`http://127.0.0.1:${small.admin}/revocations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${EDITOR}`, 'content-type': 'application/x-ndjson' },
        body: '{"jti":"x","expiresAt":4000000000}\n'.repeat(100),
      })
      expect([reply.status, await reply.json()]).toMatchObject([413, { type: 'urn:revocade:too-large' }])
    } finally {
      await small.close()
    }
  })
})

describe('GET /revocations', () => {
  it('lists page by page, with who did it and why', async () => {
    await post({ token: await mint({ jti: 'listed' }), reason: 'for the list' })
    const found: Record<string, unknown>[] = []
    for (let next: number | null = 0; next !== null;) {
      const { status, json } = await call(`?limit=2&afterSeq=${next}`)
      expect(status).toBe(200)
      const page = json.revocations as Record<string, unknown>[]
      expect(page.length).toBeLessThanOrEqual(2)
      found.push(...page)
      next = json.next as number | null
    }
    const { json } = await call('?limit=1000')
    expect(found).toEqual(json.revocations)
    expect(found.at(-1)).toMatchObject({ target: { id: 'listed' }, actor: 'alice', reason: 'for the list' })
    const { json: selectors } = await call('?kind=selector')
    expect(selectors.revocations).toEqual(
      found.filter(({ target }) => (target as { kind: string }).kind === 'selector'),
    )
  })

  it.each(['?limit=0', '?limit=1001', '?limit=x', '?kind=all', '?afterSeq=-1', '?limit=1&limit=2'])(
    'refuses the query %s',
    async (query) => {
      expect((await call(query)).status).toBe(400)
    },
  )

  it.each([
    ['?limt=1', "did you mean 'limit'?"],
    ['?other=1', 'known: afterSeq, limit, kind, includeExpired'],
  ])('says which parameters there are for %s', async (query, hint) => {
    const { status, json } = await call(query)
    expect([status, json.title]).toEqual([400, `the query has an unknown parameter: ${hint}`])
  })

  it('says which values a parameter has', async () => {
    const { status, json } = await call('?kind=id')
    const why = "'kind' must be equal to one of the allowed values: token, selector"
    expect([status, json.title]).toEqual([400, `the request is not valid: ${why}`])
  })
})

describe('DELETE /revocations', () => {
  it('without a body says how to send one, and nothing of lines', async () => {
    const { status, json } = await call('', { method: 'DELETE' })
    expect([status, json.title]).toEqual([415, 'send one revocation as application/json'])
  })

  it('takes a token and a selector back', async () => {
    const token = await mint({ sub: 'user-4' })
    for (const target of [{ token }, { where: { sub: 'user-4' } }, { jti: 'back' }]) {
      await post({ ...target, expiresAt: Math.floor(Date.now() / 1000) + 3600 })
      const { status, json } = await call('', { method: 'DELETE', body: target })
      expect([status, json.outcome]).toEqual([200, 'unrevoked'])
    }
    expect(await statusAtCheck(token)).toBe(200)
    const { json } = await call('', { method: 'DELETE', body: { token: 'never-revoked' } })
    expect(json).toMatchObject({ outcome: 'unchanged', durable: true })
    expect(Object.keys(json)).not.toContain('expiresAt')
    expect(Object.keys(json)).not.toContain('seq')
    expect(await call('', { method: 'DELETE', body: { tokn: 'a' } })).toMatchObject({
      status: 400,
      json: { title: expect.stringContaining("did you mean 'token'?") as string },
    })
    expect((await call('', { method: 'DELETE', body: { token } })).json.outcome).toBe('unchanged')
    expect((await call('', { method: 'DELETE', body: { token, reason: 'x' } })).status).toBe(400)
  })

  it('notes the admin who takes back, beside the one who revoked', async () => {
    const expiresAt = inSeconds(3600)
    for (const target of [
      { token: await mint() },
      { where: { sub: 'user-5' } },
      { jti: 'noted', iss: ISSUER },
    ]) {
      await server.engine.revokeMany([{ ...target, expiresAt, actor: 'carol' }])
      const { json } = await call('', { method: 'DELETE', body: target })
      const row = await rowAt(internalsOf(server.engine, 'test').store, Number(json.seq))
      if (row === undefined) throw new Error('there is no such row')
      expect([row.actor, await takenBackBy(server.engine, row)]).toEqual(['carol', 'alice'])
    }
    const given = { jti: 'noted', iss: ISSUER, actor: 'eve' }
    expect((await call('', { method: 'DELETE', body: given })).status).toBe(400)
  })
})

describe('an admin', () => {
  it.each(['', 'wrong', `${EDITOR}x`, EDITOR.toUpperCase()])('with the token %j is nobody', async (token) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const body = method === 'GET' ? undefined : { where: { sub: 'x' } }
      const { status, headers, json } = await call('', { method, body, token })
      expect([status, json.type]).toEqual([401, 'urn:revocade:unauthorized'])
      expect(headers.get('www-authenticate')).toBe('Bearer realm="revocade admin"')
    }
  })

  it('who is a viewer reads, and changes nothing', async () => {
    expect((await call('', { token: VIEWER })).status).toBe(200)
    for (const method of ['POST', 'DELETE'])
      expect((await call('', { method, body: { where: { sub: 'x' } }, token: VIEWER })).status).toBe(403)
  })

  it('has no limit, as a client of OAuth has', async () => {
    const limited = await sidecar({ revocationsPerMinute: 1 })
    try {
      for (let i = 0; i < 3; i++) {
        const reply = await fetch(`http://127.0.0.1:${limited.admin}/revocations`, {
          method: 'POST',
          headers: { authorization: `Bearer ${EDITOR}`, 'content-type': 'application/json' },
          body: JSON.stringify({ where: { sub: `u${i}` } }),
        })
        expect(reply.status).toBe(201)
      }
    } finally {
      await limited.close()
    }
  })
})

describe('the admin listener', () => {
  const get = (path: string) => fetch(`http://127.0.0.1:${server.admin}${path}`)

  it('describes itself as docs/openapi.json does', async () => {
    const committed: unknown = JSON.parse(
      readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
    )
    expect(await (await get('/openapi.json')).json()).toEqual(committed)
  })

  it('has figures for Prometheus', async () => {
    await statusAtCheck(await mint())
    const reply = await get('/metrics')
    expect(reply.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const samples = (await reply.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    for (const line of samples)
      expect(line).toMatch(/^[a-z_]+(\{([a-z_]+="[\w.+]+",?)+\})? (NaN|\+Inf|-?[\d.e+-]+)$/)
    expect(samples).toContain('revocade_lease_live 1')
    expect(samples).toContain('revocade_up 1')
    expect(samples.find((line) => line.startsWith('revocade_check_answers_total{status="200"}'))).toMatch(
      / [1-9]\d*$/,
    )
  })

  it('says of a path or a method that is not there, whatever the body', async () => {
    for (const [method, path] of [
      ['PUT', '/revocations'],
      ['POST', '/other'],
    ] as const) {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${EDITOR}` }
      const reply = await fetch(`http://127.0.0.1:${server.admin}${path}`, { method, headers })
      expect([reply.status, await reply.json()]).toMatchObject([404, { type: 'urn:revocade:not-found' }])
    }
  })

  it('says which option a path needs', async () => {
    const bare = await sidecar({ clients: undefined, admins: undefined })
    try {
      for (const [path, option] of [
        ['/revoke', 'clients'],
        ['/introspect', 'clients'],
        ['/revocations', 'admins'],
      ]) {
        const sent = { method: 'POST', body: new URLSearchParams({ token: 'a' }) }
        const reply = await fetch(`http://127.0.0.1:${bare.admin}${path}`, sent)
        expect([reply.status, await reply.json()]).toMatchObject([
          404,
          { title: `${path} exists only with the option '${option}'` },
        ])
      }
    } finally {
      await bare.close()
    }
  })

  it('has no /check, and says so of every other path', async () => {
    for (const path of ['/check', '/other', '/revocations/1', '/%zz']) {
      const reply = await get(path)
      expect([404, 400]).toContain(reply.status)
      expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/)
      expect(reply.headers.get('cache-control')).toBe('no-store')
    }
  })
})
