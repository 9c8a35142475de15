import { describe, expect, it } from 'vitest'
import { createSessions } from '#dist/sessions/index.js'
import { servedPage } from './served-page.js'
import { sidecar, VIEWER } from './sidecar.js'
import { type Answer, hidden, Visitor, words } from './visitor.js'

const { server, editor, viewer } = await servedPage({
  engine: { claims: ['sid', 'sub', ['sid', 'client_id']] },
})
// As a service on the same store has them.
const sessions = createSessions(server.engine, { absoluteSeconds: 3600 })

async function listed(fields: Readonly<Record<string, string>>, visitor = editor): Promise<Answer> {
  const { status, headers } = await visitor.post('sessions', fields)
  expect([status, headers.get('location')]).toEqual([
    303,
    expect.stringMatching(/^sessions\?view=[\w-]{43}$/),
  ])
  return visitor.get(headers.get('location') ?? '')
}

/** Ends some: preview, and confirmation. */
async function end(fields: Readonly<Record<string, string>>) {
  const preview = await editor.post('end', fields)
  const done = await editor.post('end-confirm', { kept: hidden(preview, 'kept'), reason: 'phone stolen' })
  return { preview: words(preview), after: words(await editor.get(done.headers.get('location') ?? '')) }
}

const liveOf = async (sub: string): Promise<string[]> => {
  const sids: string[] = []
  for await (const { sid, clientId = '' } of sessions.list({ sub })) sids.push(`${sid}${clientId}`)
  return sids
}

describe('sessions on the page', () => {
  it('are those of a user, or of a login, with what the application noted', async () => {
    await sessions.create({ sub: 'user-1', sid: 'phone', details: { device: 'a phone' } })
    await sessions.create({ sub: 'user-1', sid: 'laptop' })
    const text = words(await listed({ by: 'sub', value: ' user-1 ' }))
    expect(text).toMatch(/Live sessions of the user user-1 Login phone .* device a phone .* Login laptop/)
    expect(text).toContain('End all of them…')
    const login = words(await listed({ by: 'sid', value: 'phone' }))
    expect(login).toContain('Live sessions of the login phone')
    expect(login).not.toContain('laptop')
    expect(words(await listed({ by: 'sub', value: 'nobody' }))).toContain('There are none')
    expect((await editor.post('sessions', { by: 'sub', value: ' ' })).status).toBe(400)
    expect(words(await editor.get('sessions'))).toContain('Sessions of')
  })

  it('end one by one, with a reason', async () => {
    const issued = await sessions.create({ sub: 'user-2', sid: 'one' })
    await sessions.create({ sub: 'user-2', sid: 'two' })
    const preview = await editor.post('end', { what: 'login', sub: 'user-2', sid: 'one' })
    expect(words(preview)).toMatch(/Would end the login one How many 1 session is live/)
    const kept = hidden(preview, 'kept')
    const without = await editor.post('end-confirm', { kept, reason: ' ' })
    expect([without.status, words(without)]).toEqual([400, expect.stringContaining('Give a reason')])
    expect(await liveOf('user-2')).toEqual(['one', 'two'])
    const { after } = await end({ what: 'login', sub: 'user-2', sid: 'one' })
    expect(after).toMatch(/^Ended: the login one, 1 session\. .*Login two/)
    expect(await liveOf('user-2')).toEqual(['two'])
    expect(await server.engine.check({ ...issued.claims, jti: 'x' })).toMatchObject({
      status: 'revoked',
      revocation: { reason: 'phone stolen', actor: 'alice' },
    })
    await expect(sessions.rotate(issued.refreshToken)).rejects.toMatchObject({ code: 'ERR_REFRESH_REFUSED' })
  })

  it('end all but one, one application, and all', async () => {
    for (const sid of ['a', 'b', 'c']) await sessions.create({ sub: 'user-3', sid })
    await sessions.create({ sub: 'user-3', sid: 'd', clientId: 'mail' })
    await sessions.create({ sub: 'user-3', sid: 'd', clientId: 'wiki' })
    const others = await end({ what: 'others', sub: 'user-3', sid: 'd' })
    expect(others.preview).toContain('all logins of user-3 but the login d How many 3 sessions are live')
    expect(await liveOf('user-3')).toEqual(['dmail', 'dwiki'])
    const app = await end({ what: 'app', sub: 'user-3', sid: 'd', clientId: 'mail' })
    expect(app.preview).toContain('the application mail in the login d How many 1 session is')
    expect(await liveOf('user-3')).toEqual(['dwiki'])
    const all = await end({ what: 'all', sub: 'user-3' })
    expect(all.after).toContain('There are none')
    const again = await end({ what: 'login', sid: 'd' })
    expect(again.after).toMatch(/0 sessions\. .* of the login d/)
  })

  it('are counted, and no more than 50 of them are on a page', async () => {
    await Promise.all(Array.from({ length: 120 }, (_, i) => sessions.create({ sub: 'user-5', sid: `m${i}` })))
    const cards = ({ text }: Answer): number => text.match(/<dt>Login<\/dt>/g)?.length ?? 0
    const list = await listed({ by: 'sub', value: 'user-5' })
    expect([cards(list), words(list)]).toEqual([50, expect.stringContaining('50 oldest are shown, and 70')])
    const preview = await editor.post('end', { what: 'others', sub: 'user-5', sid: 'm7' })
    expect([cards(preview), words(preview)]).toEqual([50, expect.stringContaining('69 more are not')])
    expect(words(preview)).toContain('How many 119 sessions are live')
    expect((await end({ what: 'all', sub: 'user-5' })).after).toContain('120 sessions')
    expect(await liveOf('user-5')).toEqual([])
  })

  it('are shown to viewers, and ended by editors', async () => {
    await sessions.create({ sub: 'user-4', sid: 'v' })
    const list = words(await listed({ by: 'sub', value: 'user-4' }, viewer))
    expect(list).toContain('Login v')
    expect(list).not.toContain('End ')
    for (const path of ['end', 'end-confirm']) {
      const answer = await viewer.post(path, { what: 'all', sub: 'user-4', kept: 'x', reason: 'x' })
      expect([answer.status, words(answer)]).toEqual([403, expect.stringContaining('only an editor')])
    }
    expect(await liveOf('user-4')).toEqual(['v'])
  })

  it('refuse what is too old, or says nothing', async () => {
    expect((await editor.get('sessions?view=x')).status).toBe(410)
    expect((await editor.post('end-confirm', { kept: 'x', reason: 'x' })).status).toBe(410)
    expect((await editor.post('end', { what: 'x', sub: 'user-1' })).status).toBe(400)
  })

  it('say which option is missing', async () => {
    const own = await sidecar({ engine: { maxTokenLifetimeSeconds: undefined } })
    try {
      const visitor = new Visitor(own.admin)
      await visitor.logIn(VIEWER)
      expect(words(await visitor.get('sessions'))).toContain(
        'can not show sessions: sessions need the option',
      )
    } finally {
      await own.close()
    }
  })
})
