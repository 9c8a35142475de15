import { describe, expect, it } from 'vitest'
import { ourError } from '../support/errors.js'
import {
  accessToken,
  fate,
  openWorld as openWorldOn,
  sidsOf,
  STORES,
  type World,
  type WorldOptions,
} from '../support/sessions.js'

// A login that several applications share: one sid, one session for each application.

const isRevoked = ({ revocade }: World, issued: Parameters<typeof accessToken>[0]): Promise<boolean> =>
  revocade.isRevoked(accessToken(issued))

/** A login with two applications. */
async function twoApps(world: World) {
  const { sessions } = world
  const mail = await sessions.create({ sub: 'u', clientId: 'mail' })
  const { sid } = mail.session
  world.clock.advance(1)
  const wiki = await sessions.create({ sub: 'u', clientId: 'wiki', sid })
  return {
    sid,
    mail,
    wiki,
    rotate: (clientId: string, token: string) => sessions.rotate(token, { clientId }),
  }
}

describe.each(STORES)('a login of several applications on %s', (_, stores) => {
  const openWorld = (options: WorldOptions = {}) => openWorldOn({ connect: stores(), ...options })

  it('has one sid, and a session for each', async () => {
    const world = await openWorld()
    const { sid, mail, wiki } = await twoApps(world)
    expect(mail.claims).toMatchObject({ sid, client_id: 'mail' })
    expect(wiki.claims).toMatchObject({ sid, client_id: 'wiki' })
    expect(wiki.ended).toEqual([])
    expect(await sidsOf(world.sessions, { sid })).toEqual([sid, sid])
    expect((await world.sessions.get(sid))?.clientId).toBe('mail')
  })

  it('ends as a whole by its sid, for ever', async () => {
    const world = await openWorld()
    const { sid, mail, wiki, rotate } = await twoApps(world)
    expect((await world.sessions.revoke({ sid })).ended).toBe(2)
    for (const issued of [mail, wiki]) expect(await isRevoked(world, issued)).toBe(true)
    expect(await fate(rotate('mail', mail.refreshToken))).toBe('ended')
    expect(await fate(rotate('wiki', wiki.refreshToken))).toBe('ended')
    expect(await fate(world.sessions.create({ sub: 'u', sid, clientId: 'third' }))).toBe('ended')
    world.clock.advance(3600_000)
    expect(await fate(world.sessions.create({ sub: 'u', sid, clientId: 'third' }))).toBe('ended')
  })

  it('goes on when one application is left, which can be joined again', async () => {
    const world = await openWorld()
    const { sid, mail, wiki, rotate } = await twoApps(world)
    expect((await world.sessions.revoke({ sid, clientId: 'wiki' })).ended).toBe(1)
    expect(await isRevoked(world, wiki)).toBe(true)
    expect(await isRevoked(world, mail)).toBe(false)
    expect(await fate(rotate('wiki', wiki.refreshToken))).toBe('ended')
    expect(await fate(rotate('mail', mail.refreshToken))).toBe('taken')
    const again = await world.sessions.create({ sub: 'u', sid, clientId: 'wiki' })
    expect(await isRevoked(world, again)).toBe(false)
    expect(await isRevoked(world, wiki)).toBe(true)
    expect(await fate(rotate('wiki', wiki.refreshToken))).toBe('unknown')
    expect(await fate(rotate('wiki', again.refreshToken))).toBe('taken')
  })

  it('reuse ends the one application whose token was stolen', async () => {
    const world = await openWorld()
    const { sid, mail, wiki, rotate } = await twoApps(world)
    const next = await rotate('wiki', wiki.refreshToken)
    world.clock.advance(11_000)
    expect(await fate(rotate('wiki', wiki.refreshToken))).toBe('reused')
    expect(await isRevoked(world, next)).toBe(true)
    expect(await isRevoked(world, mail)).toBe(false)
    expect(await fate(rotate('mail', mail.refreshToken))).toBe('taken')
    expect(await sidsOf(world.sessions, { sid })).toEqual([sid])
  })

  it('an application that logs in again replaces its session', async () => {
    const world = await openWorld()
    const { sid, wiki, rotate } = await twoApps(world)
    const again = await world.sessions.create({ sub: 'u', sid, clientId: 'wiki' })
    expect(again.ended).toEqual([wiki.session])
    expect(world.events).toEqual([{ type: 'ended', session: wiki.session, why: 'replaced' }])
    expect(await fate(rotate('wiki', wiki.refreshToken))).toBe('unknown')
    expect(await fate(rotate('wiki', again.refreshToken))).toBe('taken')
    // The login goes on, so its access tokens do.
    expect(await isRevoked(world, wiki)).toBe(false)
  })

  it('can not be joined after a revocation that knows nothing of sessions', async () => {
    const world = await openWorld()
    for (const where of ['sid', 'sub'] as const) {
      const { sid } = await twoApps(world)
      await world.revocade.revokeWhere(where === 'sid' ? { sid } : { sub: 'u' })
      world.clock.advance(5000)
      expect(await fate(world.sessions.create({ sub: 'u', sid, clientId: 'third' }))).toBe('ended')
      expect(await fate(world.sessions.create({ sub: 'u' }))).toBe('taken')
    }
  })

  it('is prolonged by nobody who joins it', async () => {
    const world = await openWorld({ options: { absoluteSeconds: 100 } })
    const { sid, mail } = await twoApps(world)
    world.clock.advance(60_000)
    const third = await world.sessions.create({ sub: 'u', sid, clientId: 'third' })
    expect(third.refreshExpiresAt).toEqual(mail.refreshExpiresAt)
    world.clock.advance(40_000)
    expect(await fate(world.sessions.create({ sub: 'u', sid, clientId: 'fourth' }))).toBe('expired')
  })

  it('counts once against the limit of logins, and ends as a whole at it', async () => {
    const world = await openWorld({ options: { perSubject: { max: 2, atLimit: 'end-oldest' } } })
    const { sid, mail, wiki } = await twoApps(world)
    const second = await world.sessions.create({ sub: 'u', clientId: 'mail' })
    expect(second.ended).toEqual([])
    await world.sessions.create({ sub: 'u', sid, clientId: 'third' })
    const third = await world.sessions.create({ sub: 'u', clientId: 'mail' })
    expect(new Set(third.ended.map((ended) => ended.sid))).toEqual(new Set([sid]))
    expect(third.ended.map(({ clientId }) => clientId).sort()).toEqual(['mail', 'third', 'wiki'])
    for (const issued of [mail, wiki]) expect(await isRevoked(world, issued)).toBe(true)
    expect(await isRevoked(world, second)).toBe(false)
  })

  it('belongs to one user', async () => {
    const world = await openWorld()
    const { sid } = await twoApps(world)
    const wrong = world.sessions.create({ sub: 'v', sid, clientId: 'wiki' })
    await expect(wrong).rejects.toEqual(ourError('ERR_CONFIG', 'another user'))
  })

  it('may have the name that an identity provider gave it', async () => {
    const world = await openWorld()
    const { session, ended } = await world.sessions.create({ sub: 'u', sid: 'upstream-1' })
    expect([session.sid, ended]).toEqual(['upstream-1', []])
    await world.revocade.revokeWhere({ sid: 'upstream-2' }, { issuedBefore: 'ever' })
    expect(await fate(world.sessions.create({ sub: 'u', sid: 'upstream-2' }))).toBe('ended')
  })

  it('two that join at once with one application leave one session', async () => {
    const a = await openWorld()
    const b = await a.other()
    const { sid } = await twoApps(a)
    const joined = await Promise.all(
      [a, b].map(({ sessions }) => sessions.create({ sub: 'u', sid, clientId: 'third' })),
    )
    const fates = joined.map(({ refreshToken }) =>
      fate(a.sessions.rotate(refreshToken, { clientId: 'third' })),
    )
    expect((await Promise.all(fates)).sort()).toEqual(['taken', 'unknown'])
    expect(await sidsOf(a.sessions, { sid })).toHaveLength(3)
  })

  it('of the first party ends with it', async () => {
    const world = await openWorld()
    const first = await world.sessions.create({ sub: 'u' })
    const { sid } = first.session
    const wiki = await world.sessions.create({ sub: 'u', sid, clientId: 'wiki' })
    expect((await world.sessions.revoke({ refreshToken: first.refreshToken })).ended).toBe(2)
    expect(await isRevoked(world, wiki)).toBe(true)
  })
})

describe('a session that is bound', () => {
  const jkt = 'x'.repeat(43)

  it('S11: is refused to whoever has not its key and client, and goes on', async () => {
    const { sessions, events } = await openWorldOn()
    const { refreshToken, claims, session } = await sessions.create({ sub: 'u', clientId: 'app', jkt })
    expect(claims).toMatchObject({ cnf: { jkt } })
    expect(session.bound).toBe(true)
    const wrong = [
      {},
      { jkt },
      { clientId: 'app' },
      { clientId: 'other', jkt },
      { clientId: 'app', jkt: 'y'.repeat(43) },
    ]
    for (const proof of wrong) expect(await fate(sessions.rotate(refreshToken, proof))).toBe('binding')
    const next = await sessions.rotate(refreshToken, { clientId: 'app', jkt })
    // Also a spent token: else a leak would be a logout button.
    for (const proof of wrong) expect(await fate(sessions.rotate(refreshToken, proof))).toBe('binding')
    expect(events).toEqual([])
    expect(await fate(sessions.rotate(next.refreshToken, { clientId: 'app', jkt }))).toBe('taken')
  })

  it('is refused with a key where it has none', async () => {
    const { sessions } = await openWorldOn()
    const { refreshToken } = await sessions.create({ sub: 'u' })
    expect(await fate(sessions.rotate(refreshToken, { jkt }))).toBe('binding')
    expect(await fate(sessions.rotate(refreshToken, { clientId: 'app' }))).toBe('binding')
    expect(await fate(sessions.rotate(refreshToken))).toBe('taken')
  })

  it("keeps its refresh token with rotation: 'unless-bound', and lives on by using it", async () => {
    const { sessions, clock } = await openWorldOn({ options: { rotation: 'unless-bound', idleSeconds: 100 } })
    const { refreshToken } = await sessions.create({ sub: 'u', jkt })
    const unbound = await sessions.create({ sub: 'u' })
    for (let i = 0; i < 3; i++) {
      clock.advance(90_000)
      const again = await sessions.rotate(refreshToken, { jkt })
      expect(again).toMatchObject({ refreshToken, replayed: false, claims: { iat: clock.wall / 1000 } })
    }
    clock.advance(100_000)
    expect(await fate(sessions.rotate(refreshToken, { jkt }))).toBe('expired')
    expect(await fate(sessions.rotate(unbound.refreshToken))).toBe('expired')
  })
})
