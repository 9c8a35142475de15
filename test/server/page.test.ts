import { describe, expect, it } from 'vitest'
import { Admins } from '#dist/server/credentials.js'
import { html } from '#dist/server/page/html.js'
import { Login, Logins } from '#dist/server/page/logins.js'
import { send } from '../adapters/request.js'
import { inSeconds } from '../support/time.js'
import { servedPage } from './served-page.js'
import { EDITOR, forge, mint, sidecar } from './sidecar.js'
import { hidden, Visitor, words } from './visitor.js'

const { server, editor, viewer } = await servedPage()

const statusAtCheck = async (token: string): Promise<number> =>
  (await send(server.check, '/check', { authorization: [`Bearer ${token}`] })).status

/** Revokes on the page: preview, and confirmation. */
async function revoke(fields: Readonly<Record<string, string>>, reason = 'stolen') {
  const preview = await editor.post('preview', fields)
  const done = await editor.post('confirm', { kept: hidden(preview, 'kept'), reason })
  return { preview, done }
}

describe('the page', () => {
  it('exists only where there are admins, and only on the admin listener', async () => {
    const without = await sidecar({ admins: [] })
    try {
      expect((await send(without.admin, '/ui/')).status).toBe(404)
      expect((await send(without.admin, '/')).status).toBe(404)
      expect((await send(server.check, '/ui/')).status).toBe(404)
    } finally {
      await without.close()
    }
  })

  it('goes to the address with a slash, where relative addresses are right', async () => {
    const { status, headers } = await send(server.admin, '/ui')
    expect([status, headers.location]).toEqual([308, 'ui/'])
    const root = await send(server.admin, '/')
    expect([root.status, root.headers.location]).toEqual([302, 'ui/'])
  })

  it.each(['./', 'login', 'style.css', 'icon.svg', 'nothing', 'lookup', 'revoke'])(
    'answers %s with strict headers',
    async (path) => {
      const { headers } = await editor.get(path)
      const policy = headers.get('content-security-policy') ?? ''
      for (const part of [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ])
        expect(policy.split('; ')).toContain(part)
      expect(policy).not.toContain('unsafe')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('referrer-policy')).toBe('same-origin')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    },
  )

  it('has no style or script within a page', async () => {
    for (const path of ['./', 'login', 'lookup', 'revoke', 'revoke?by=all.sub', 'nothing'])
      expect((await editor.get(path)).text).not.toMatch(/\sstyle=|<style|<script>|\son\w+=/)
  })

  it('escapes what it shows', async () => {
    const { preview } = await revoke({ by: 'all.sub', claim0: '"><script>alert(1)</script>' })
    expect(preview.text).toContain('&quot;&gt;&lt;script&gt;')
    expect(preview.text).not.toContain('<script>alert')
    expect(html`${['a', html`<b>${"'"}</b>`, undefined, false, 1]}`.text).toBe('a<b>&#39;</b>1')
  })

  it('says what is missing', async () => {
    const answer = await editor.get('nothing')
    expect([answer.status, words(answer)]).toEqual([404, expect.stringContaining('There is no such page')])
  })
})

describe('to log in', () => {
  it('takes the token of an admin, and nothing else', async () => {
    const visitor = new Visitor(server.admin)
    const form = await visitor.get('login')
    expect(form.text).toContain('autocomplete="username"')
    expect(form.text).toContain('autocomplete="current-password"')
    for (const token of ['', 'wrong', `${EDITOR}x`, EDITOR.toUpperCase()]) {
      const refused = await visitor.logIn(token)
      expect([refused.status, refused.headers.get('set-cookie')]).toEqual([401, null])
      expect(words(refused)).toContain('not the token of an admin')
      if (token !== '') expect(refused.text).not.toContain(token)
    }
    const done = await visitor.logIn(EDITOR)
    expect([done.status, done.headers.get('location')]).toEqual([303, './'])
    const cookie = done.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^revocade-page=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
    expect((await visitor.get('./')).status).toBe(200)
    expect((await visitor.get('login')).headers.get('location')).toBe('./')
  })

  it('sets a cookie for this host alone where a proxy in front has TLS', async () => {
    const visitor = new Visitor(server.admin)
    for (const [proto, start] of [
      ['http, https', /^revocade-page=[^;]*; Path=\/; HttpOnly; SameSite=Strict$/],
      ['HTTPS , http', /^__Host-revocade-page=/],
      ['https', /^__Host-revocade-page=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/],
    ] as const) {
      visitor.headers['x-forwarded-proto'] = proto
      expect((await visitor.logIn(EDITOR)).headers.get('set-cookie')).toMatch(start)
    }
    expect((await visitor.get('./')).status).toBe(200)
    // A cookie without the prefix may come from elsewhere.
    visitor.cookie = visitor.cookie.replace('__Host-', '')
    expect((await visitor.get('./')).headers.get('location')).toBe('login')
  })

  it('is needed for every page', async () => {
    const visitor = new Visitor(server.admin)
    for (const path of ['./', 'lookup', 'revoke']) {
      const { status, headers } = await visitor.get(path)
      expect([status, headers.get('location')]).toEqual([303, 'login'])
    }
    for (const path of ['lookup', 'preview', 'confirm', 'logout']) {
      const answer = await visitor.post(path, { token: 'x' }, 'x')
      expect([answer.status, words(answer)]).toEqual([401, expect.stringContaining('nothing was done')])
    }
  })

  it('ends with logging out', async () => {
    const visitor = new Visitor(server.admin)
    await visitor.logIn(EDITOR)
    const { cookie } = visitor
    const csrf = await visitor.csrf()
    const out = await visitor.post('logout', {}, csrf)
    expect([out.status, out.headers.get('set-cookie')]).toEqual([303, expect.stringContaining('Max-Age=0')])
    visitor.cookie = cookie
    expect((await visitor.get('./')).status).toBe(303)
    expect((await visitor.post('lookup', { token: 'x' }, csrf)).status).toBe(401)
  })

  it('is limited to some attempts in a minute', async () => {
    const limited = await sidecar()
    try {
      // Forms of another site, which a browser sends from here, are no attempts.
      const elsewhere = new Visitor(limited.admin)
      elsewhere.headers = { 'sec-fetch-site': 'cross-site' }
      for (let i = 0; i < 25; i++) expect((await elsewhere.logIn(EDITOR)).status).toBe(403)
      const visitor = new Visitor(limited.admin)
      const statuses = new Set<number>()
      for (let i = 0; i < 25; i++) statuses.add((await visitor.logIn(`wrong-${i}`)).status)
      expect([...statuses]).toEqual([401, 429])
      const refused = await visitor.logIn(EDITOR)
      expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.any(Number)])
      // The API, which an admin can always use.
      const reply = await send(limited.admin, '/revocations', { authorization: [`Bearer ${EDITOR}`] })
      expect(reply.status).toBe(200)
    } finally {
      await limited.close()
    }
  })

  it('ends after half an hour without a request, and after twelve hours', () => {
    let now = 0
    const logins = new Logins(() => now)
    const admin = { name: 'a', role: 'editor' } as const
    const idle = logins.begin(admin)
    const used = logins.begin(admin)
    const { ended } = logins.find(idle) ?? {}
    for (let i = 0; i < 29; i++) {
      now += 60_000
      logins.find(idle, false)
      logins.find(used)
    }
    expect(logins.find(idle, false)).toBeDefined()
    now += 60_000
    expect([logins.find(idle), ended?.aborted]).toEqual([undefined, true])
    expect(logins.find(used)).toBeDefined()
    while (now < 12 * 3_600_000 - 60_000) {
      now += 60_000
      expect(logins.find(used)).toBeDefined()
    }
    now += 60_000
    expect(logins.find(used)).toBeUndefined()
    expect(logins.find(undefined)).toBeUndefined()
  })

  it('keeps ten logins of an admin, and of each a few things', () => {
    const logins = new Logins()
    const other = logins.begin({ name: 'b', role: 'editor' })
    const ids = Array.from({ length: 11 }, () => logins.begin({ name: 'a', role: 'viewer' }))
    expect(logins.find(other)).toBeDefined()
    expect([logins.find(ids[0]), logins.find(ids[1])]).toEqual([undefined, expect.anything()])
    const login = logins.find(ids[1])
    const kept = Array.from({ length: 21 }, (_, i) => login?.keep(i))
    expect([login?.kept(kept[0]), login?.kept(kept[20]), login?.kept(undefined)]).toEqual([
      undefined,
      20,
      undefined,
    ])
  })

  it('keeps no more than some of what is long', () => {
    const login = new Login({ name: 'a', role: 'viewer' })
    const long = 'x'.repeat(100_000)
    const ids = Array.from({ length: 4 }, () => login.keep({ long }))
    const isKept = (): boolean[] => ids.map((id) => login.kept(id) !== undefined)
    expect(isKept()).toEqual([false, false, true, true])
    ids.push(login.keep(1))
    expect(isKept()).toEqual([false, false, true, true, true])
    // The newest is kept in any case.
    ids.push(login.keep(long.repeat(3)), login.keep(2))
    expect(isKept()).toEqual([false, false, false, false, false, false, true])
  })

  it('compares the tokens of admins by their hashes', () => {
    const admins = new Admins([{ name: 'a', tokenSha256: 'ab'.repeat(32) }])
    expect(admins.find('ab'.repeat(32))).toBeUndefined()
  })
})

describe('a form', () => {
  it('from another site is refused', async () => {
    const csrf = await editor.csrf()
    const token = await mint()
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: `http://127.0.0.1:${server.admin}` },
      { origin: 'https://attacker.example' },
      { origin: 'null' },
      {},
    ]) {
      const visitor = new Visitor(server.admin)
      visitor.cookie = editor.cookie
      visitor.headers = headers
      const answer = await visitor.post('preview', { by: 'token', token }, csrf)
      expect([answer.status, words(answer)]).toEqual([403, expect.stringContaining('another site')])
      expect((await visitor.post('login', { token: EDITOR }, '')).status).toBe(403)
    }
  })

  it('from this site is taken by Origin, where a browser leaves Sec-Fetch-Site out', async () => {
    const visitor = new Visitor(server.admin)
    visitor.cookie = editor.cookie
    const csrf = await editor.csrf()
    visitor.headers = { origin: `http://127.0.0.1:${server.admin}` }
    expect((await visitor.post('lookup', { token: await mint() }, csrf)).status).toBe(200)
    visitor.headers = { origin: `http://127.0.0.1:${server.check}` }
    expect((await visitor.post('lookup', { token: await mint() }, csrf)).status).toBe(403)
  })

  it('needs the CSRF token of this login', async () => {
    for (const csrf of ['', 'x', await viewer.csrf()]) {
      const answer = await editor.post('lookup', { token: await mint() }, csrf === '' ? '' : csrf)
      expect([answer.status, words(answer)]).toEqual([403, expect.stringContaining('open it anew')])
    }
  })

  it('of another type is refused', async () => {
    const reply = await fetch(`http://127.0.0.1:${server.admin}/ui/lookup`, {
      method: 'POST',
      headers: {
        cookie: editor.cookie,
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/json',
      },
      body: '{}',
    })
    expect(reply.status).toBe(415)
  })
})

describe('a viewer', () => {
  it('looks up, and changes nothing', async () => {
    expect((await viewer.post('lookup', { token: await mint() })).status).toBe(200)
    expect((await viewer.get('./')).text).not.toContain('href="revoke"')
    expect((await viewer.get('revoke')).status).toBe(403)
    const token = await mint()
    for (const path of ['preview', 'confirm']) {
      const answer = await viewer.post(path, { by: 'token', token, reason: 'x', kept: 'x' })
      expect([answer.status, words(answer)]).toEqual([403, expect.stringContaining('only an editor')])
    }
    expect(await statusAtCheck(token)).toBe(200)
  })
})

describe('to look up', () => {
  it('shows a token with claims that are nested too deeply to be shown', async () => {
    const part = (text: string): string => Buffer.from(text).toString('base64url')
    const deep = `${'['.repeat(5900)}${']'.repeat(5900)}`
    const token = `${part('{"alg":"none"}')}.${part(`{"jti":"a","aud":${deep}}`)}.`
    const answer = await editor.post('lookup', { token }, await editor.csrf())
    expect([answer.status, words(answer)]).toEqual([
      200,
      expect.stringContaining('nested too deeply to be shown'),
    ])
  })

  it('says that a token is not revoked, and what is known of it', async () => {
    const token = await mint({ sub: 'user-7', jti: 'known' })
    const answer = await editor.post('lookup', { token: `Authorization: Bearer ${token}\n` })
    const text = words(answer)
    expect(text).toContain('Not revoked')
    expect(text).toContain('jti = known')
    expect(text).toContain('user-7')
    expect(text).toContain('Signature right')
    expect(answer.text).not.toContain(token.slice(0, 30))
    expect(words(await editor.post('lookup', { token: await forge() }))).toContain('Signature wrong')
  })

  it('says why a token is revoked: every revocation that matches, and those that do not yet', async () => {
    const token = await mint({ sub: 'user-8', sid: 's-8', jti: 'twice' })
    await server.engine.revoke(token, { reason: 'found on a paste site', actor: 'carol' })
    await server.engine.revokeWhere({ sub: 'user-8' }, { reason: 'laptop lost', actor: 'dave' })
    await server.engine.revokeWhere(
      { sid: 's-8' },
      { issuedBefore: Math.floor(Date.now() / 1000) - 600, reason: 'an older login' },
    )
    const text = words(await viewer.post('lookup', { token }))
    expect(text).toMatch(/^Look up Revoked/)
    expect(text).toContain('2 revocations revoke it')
    expect(text).toMatch(/Reason found on a paste site By carol/)
    expect(text).toMatch(/Reason laptop lost By dave/)
    const [, others = ''] = text.split('do not revoke it now')
    expect(others).toContain('an older login')
    expect(others).not.toContain('laptop lost')
    expect(others).not.toContain('Revoke this token')
  })

  it('tells of a revocation that begins later', async () => {
    const token = await mint({ jti: 'later' })
    await server.engine.revoke(token, { notBefore: new Date(Date.now() + 600_000) })
    const text = words(await viewer.post('lookup', { token }))
    expect(text).toMatch(/Not revoked It will be .* the token with jti = later of iss/)
  })

  it('looks a claim up, with and without issuer', async () => {
    await server.engine.revokeWhere({ sub: 'user-9' }, { issuedBefore: 'ever', reason: 'fired' })
    expect(words(await viewer.post('lookup', { claim: 'sub', value: ' user-9 ' }))).toContain('Reason fired')
    const nobody = words(await viewer.post('lookup', { claim: 'sub', value: 'nobody' }))
    expect(nobody).toContain('Looked up: sub = nobody.')
    expect(nobody).toContain(
      'Nothing revokes sub = nobody as such. A token with it may still be revoked by its id',
    )
    expect(nobody).not.toContain('issuer only')
    await server.engine.revoke(await mint({ jti: 'with-iss' }), { reason: 'by id' })
    const asked = { claim: 'jti', value: 'with-iss' }
    const withoutIssuer = await viewer.post('lookup', { ...asked, iss: ' ' })
    expect(words(withoutIssuer)).toContain('Not revoked')
    expect(words(withoutIssuer)).toContain('by its jti and its issuer is found with the issuer only')
    expect(withoutIssuer.text).toContain('class="state warn"')
    const iss = 'https://issuer.example'
    expect(words(await viewer.post('lookup', { ...asked, iss }))).toContain('Reason by id')
    // A user is what people ask for, and the next question is of the same claim.
    expect((await viewer.get('lookup')).text).toMatch(/<select[^>]*>\s*<option\s*>sub</)
    expect(withoutIssuer.text).toMatch(/<option\s+selected>jti</)
    expect((await viewer.post('lookup', { claim: 'sub' })).status).toBe(400)
    expect((await viewer.post('lookup', { claim: 'sub', value: ' ' })).status).toBe(400)
  })

  it.each([
    ['an opaque token', 'opaque-token-1', 'opaque: it has no claims'],
    ['a token of strange claims', 'long', '…'],
  ])('takes %s', async (_what, given, text) => {
    const token = given === 'long' ? await mint({ sub: 'x'.repeat(300), exp: 1e300, iat: 'x' }) : given
    expect(words(await viewer.post('lookup', { token }))).toContain(text)
  })

  it('refuses what is no token, without repeating it', async () => {
    const answer = await viewer.post('lookup', { token: 'two words' })
    expect([answer.status, words(answer)]).toEqual([400, expect.stringContaining('white space')])
    expect(answer.text).not.toContain('two words')
  })
})

describe('to revoke', () => {
  it('shows what would be revoked, and does it when that is confirmed with a reason', async () => {
    const token = await mint({ jti: 'on-the-page' })
    const preview = await editor.post('preview', { by: 'token', token: `Bearer ${token}` })
    const shown = words(preview)
    expect(shown).toMatch(/Would revoke the token with jti = on-the-page of iss/)
    expect(shown).toContain('How many one token')
    expect(preview.text).not.toContain(token.slice(0, 30))
    expect(await statusAtCheck(token)).toBe(200)
    const kept = hidden(preview, 'kept')
    const without = await editor.post('confirm', { kept, reason: ' ' })
    expect([without.status, words(without)]).toEqual([400, expect.stringContaining('Give a reason')])
    expect(await statusAtCheck(token)).toBe(200)
    const done = await editor.post('confirm', { kept, reason: 'lost phone' })
    expect([done.status, done.headers.get('location')]).toEqual([303, 'revoke'])
    expect(await statusAtCheck(token)).toBe(401)
    expect(words(await editor.get('revoke'))).toMatch(/^Revoked: the token with jti = on-the-page/)
    expect(words(await editor.get('revoke'))).not.toContain('on-the-page')
    expect(words(await viewer.post('lookup', { token }))).toMatch(/Reason lost phone By alice/)
    // A second click.
    await editor.post('confirm', { kept, reason: 'lost phone' })
    expect(words(await editor.get('revoke'))).toContain('Was revoked already')
  })

  it('says in the preview what is revoked already', async () => {
    await revoke({ by: 'all.sub', claim0: 'user-10' }, 'the first reason')
    const preview = words(await editor.post('preview', { by: 'all.sub', claim0: 'user-10' }))
    expect(preview).toMatch(/It is revoked already .*Reason the first reason By alice/)
    expect(preview).toContain('nobody can count them')
  })

  it('revokes by an id, with an issuer and without', async () => {
    const [named, any] = await Promise.all([mint({ jti: 'p-named' }), mint({ jti: 'p-any' })])
    const iss = 'https://issuer.example'
    const { preview } = await revoke({ by: 'id.jti', claim0: 'p-named', iss })
    expect(words(preview)).toContain('one token')
    const { preview: second } = await revoke({ by: 'id.jti', claim0: 'p-any' })
    expect(words(second)).toContain('of any issuer')
    expect([await statusAtCheck(named), await statusAtCheck(any)]).toEqual([401, 401])
  })

  it('revokes an id of an issuer as a text and as a number, where it may be either', async () => {
    const iss = 'https://numbers.example'
    const statuses = async (value: number): Promise<string[]> =>
      Promise.all([value, String(value)].map(async (jti) => (await server.engine.check({ jti, iss })).status))
    await server.engine.revoke({ jti: 42, iss }, { expiresAt: inSeconds(900), reason: 'as a number' })
    const lookUp = async (): Promise<string> =>
      words(await viewer.post('lookup', { claim: 'jti', value: '42', iss }))
    expect(await lookUp()).toContain('Reason as a number')
    const { preview } = await revoke({ by: 'id.jti', claim0: '42', iss })
    expect(words(preview)).toContain('a text and a number: whichever the token has')
    expect(words(preview)).toMatch(/It is revoked already .*Reason as a number/)
    expect(words(await editor.get('revoke'))).toMatch(/^Revoked: the token with jti = 42/)
    expect(await statuses(42)).toEqual(['revoked', 'revoked'])
    const { preview: text } = await revoke({ by: 'id.jti', claim0: '043', iss })
    expect(words(text)).not.toContain('a text and a number')
    expect(await statuses(43)).toEqual(['active', 'active'])
  })

  it('revokes by a claim: until now, before a time, or for ever', async () => {
    const before = await mint({ sub: 'p-1' })
    expect(words((await revoke({ by: 'all.sub', claim0: 'p-1' })).preview)).toContain('until you confirm')
    expect(await statusAtCheck(before)).toBe(401)
    const issuedBefore = new Date(Date.now() - 600_000).toISOString().slice(0, 16)
    const early = await mint({ sub: 'p-2' })
    const { preview } = await revoke({ by: 'all.sub', claim0: 'p-2', cutoff: 'time', issuedBefore })
    expect(words(preview)).toContain(`issued before ${issuedBefore.replace('T', ' ')}:00 UTC (10 min ago)`)
    expect(await statusAtCheck(early)).toBe(200)
    const { preview: ever } = await revoke({ by: 'all.sid', claim0: 's-1', cutoff: 'ever' })
    expect(words(ever)).toContain('also those issued later')
    expect(await statusAtCheck(await mint({ sid: 's-1', iat: Math.floor(Date.now() / 1000) + 30 }))).toBe(401)
  })

  it('revokes everybody’s tokens only when that is said', async () => {
    const own = await sidecar()
    try {
      const visitor = new Visitor(own.admin)
      await visitor.logIn(EDITOR)
      const preview = await visitor.post('preview', { by: 'everybody' })
      expect(words(preview)).toContain('everybody’s tokens')
      const fields = { kept: hidden(preview, 'kept'), reason: 'the key leaked' }
      const not = await visitor.post('confirm', fields)
      expect([not.status, words(not)]).toEqual([400, expect.stringContaining('Say that you want')])
      expect((await visitor.post('confirm', { ...fields, everybody: 'yes' })).status).toBe(303)
      const token = await mint()
      expect((await send(own.check, '/check', { authorization: [`Bearer ${token}`] })).status).toBe(401)
    } finally {
      await own.close()
    }
  })

  it('goes on from a look-up without a second paste', async () => {
    const token = await mint({ jti: 'went-on' })
    const found = await editor.post('lookup', { token })
    const preview = await editor.post('preview', { by: 'token', kept: hidden(found, 'kept') })
    expect(words(preview)).toContain('jti = went-on')
    await editor.post('confirm', { kept: hidden(preview, 'kept'), reason: 'x' })
    expect(await statusAtCheck(token)).toBe(401)
  })

  it('says what is wrong with a form, and keeps the token for the next attempt', async () => {
    const opaque = 'an-opaque-token-without-expiry'
    const refused = await editor.post('preview', { by: 'token', token: opaque })
    expect([refused.status, words(refused)]).toEqual([400, expect.stringContaining("has no 'exp'")])
    expect(refused.text).not.toContain(opaque)
    const expiresAt = new Date(Date.now() + 600_000).toISOString().slice(0, 16)
    const preview = await editor.post('preview', { by: 'token', kept: hidden(refused, 'kept'), expiresAt })
    expect(words(preview)).toContain('SHA-256')
    for (const [fields, fault] of [
      [{ by: 'token' }, 'give the token'],
      [{ by: 'all.sub' }, 'give a value of sub'],
      [{ by: 'all.sub', claim0: 'x', cutoff: 'time' }, 'give a date'],
      [{ by: 'id.jti', claim0: 'x', expiresAt: 'soon' }, 'give a date'],
      [{ by: 'token', token: await mint({ exp: 1 }), expiresAt: '1970-01-01T00:00' }, 'expired'],
    ] as const) {
      const answer = await editor.post('preview', fields)
      expect(words(answer)).toContain(fault)
    }
  })

  it('offers nothing to confirm for what has expired, and says when an end is put off', async () => {
    const expired = await editor.post('preview', { by: 'token', token: await mint({ exp: 1 }) })
    expect(words(expired)).toContain('It has expired, so there is nothing to revoke. Back')
    expect(expired.text).not.toContain('name="reason"')
    const at = (ms: number): string => new Date(Date.now() + ms).toISOString().slice(0, 16)
    const fields = { by: 'all.sub', claim0: 'p-soon' }
    const early = words(await editor.post('preview', { ...fields, expiresAt: at(120_000) }))
    expect(early).toMatch(/Ends prolonged to \S+ \S+ UTC \(.*\), because tokens may live until then/)
    const late = words(await editor.post('preview', { ...fields, expiresAt: at(86_400_000) }))
    expect(late).not.toContain('prolonged')
    expect(late).toContain('Cancel')
  })

  it('refuses a preview of another login, and does nothing', async () => {
    const other = new Visitor(server.admin)
    await other.logIn(EDITOR)
    const token = await mint()
    const kept = hidden(await other.post('preview', { by: 'token', token }), 'kept')
    const answer = await editor.post('confirm', { kept, reason: 'x' })
    expect([answer.status, words(answer)]).toEqual([410, expect.stringContaining('nothing was done')])
    expect(await statusAtCheck(token)).toBe(200)
  })
})
