import { describe, expect, it } from 'vitest'
import { ourError } from '../support/errors.js'
import {
  accessToken,
  DAY_SECONDS,
  fate,
  openWorld as openWorldOn,
  sidsOf,
  STORES,
  type World,
  type WorldOptions,
} from '../support/sessions.js'

// What docs/sessions.md promises of refresh tokens. interleavings.test.ts has the races.

const S1 = 1000

const isRevoked = ({ revocade }: World, issued: Parameters<typeof accessToken>[0]): Promise<boolean> =>
  revocade.isRevoked(accessToken(issued))

describe.each(STORES)('sessions on %s', (_, stores) => {
  const openWorld = (options: WorldOptions = {}) => openWorldOn({ connect: stores(), ...options })

  it('give a refresh token, the claims to sign, and what is known of the session', async () => {
    const { sessions, clock } = await openWorld()
    const details = { device: 'phone', trusted: true }
    const issued = await sessions.create({ sub: 'u', details })
    const { sid } = issued.session
    expect(issued.refreshToken).toMatch(/^rt_[\w-]{92}$/)
    expect(issued.claims).toEqual({ sub: 'u', sid, iat: clock.wall / 1000 })
    expect(issued.session).toEqual({
      sid,
      sub: 'u',
      createdAt: new Date(clock.wall),
      rotatedAt: new Date(clock.wall),
      expiresAt: new Date(clock.wall + 14 * DAY_SECONDS * S1),
      details,
      bound: false,
    })
    expect(issued.refreshExpiresAt).toEqual(issued.session.expiresAt)
    expect(await sessions.get(sid)).toEqual(issued.session)
    expect(await sessions.find(issued.refreshToken)).toEqual(issued.session)
    expect(await sidsOf(sessions, { sub: 'u' })).toEqual([sid])
    expect(await sidsOf(sessions, { sid })).toEqual([sid])
  })

  it('a refresh gives another refresh token and later claims, and keeps the new details', async () => {
    const { sessions, clock } = await openWorld()
    const first = await sessions.create({ sub: 'u', details: { ip: 'a' } })
    clock.advance(5 * S1)
    const second = await sessions.rotate(first.refreshToken, { details: { ip: 'b' } })
    expect(second).toMatchObject({ replayed: false, claims: { iat: clock.wall / 1000 } })
    expect(second.refreshToken).not.toBe(first.refreshToken)
    expect(second.session.details).toEqual({ ip: 'b' })
    clock.advance(20 * S1)
    expect((await sessions.rotate(second.refreshToken)).session.details).toEqual({ ip: 'b' })
  })

  it('S1: two at once get the same successor, in one engine and in two', async () => {
    const a = await openWorld()
    const b = await a.other()
    const { refreshToken } = await a.sessions.create({ sub: 'u' })
    const answers = await Promise.all([a, a, b, b].map(({ sessions }) => sessions.rotate(refreshToken)))
    expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(1)
    expect(answers.map(({ replayed }) => replayed).sort()).toEqual([false, true, true, true])
    expect(new Set(answers.map(({ claims }) => claims.iat)).size).toBe(1)
    expect([...a.events, ...b.events].map(({ type }) => type)).toEqual(['replayed', 'replayed', 'replayed'])
  })

  it('S2: in strict mode the second ends the session, and what the first got', async () => {
    const a = await openWorld({ options: { replaySeconds: 0 } })
    const b = await a.other()
    const { refreshToken } = await a.sessions.create({ sub: 'u' })
    const answers = await Promise.allSettled([a, b].map(({ sessions }) => sessions.rotate(refreshToken)))
    const [won] = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    if (won === undefined) throw new Error('nobody won')
    expect(await fate(a.sessions.rotate(won.refreshToken))).toBe('ended')
    const loser = [a, b][answers.findIndex(({ status }) => status === 'rejected')]
    expect(loser?.events.map(({ type }) => type)).toEqual(['reused', 'ended'])
    expect(loser !== undefined && (await isRevoked(loser, won))).toBe(true)
  })

  it('S2: in strict mode a clock that was set back opens no window', async () => {
    const { sessions, clock } = await openWorld({ options: { replaySeconds: 0 } })
    const { refreshToken } = await sessions.create({ sub: 'u' })
    await sessions.rotate(refreshToken)
    clock.wall -= 5 * S1
    expect(await fate(sessions.rotate(refreshToken))).toBe('reused')
  })

  it('S3: the token before the last is reuse, also within the window', async () => {
    const world = await openWorld()
    const { sessions } = world
    const r0 = await sessions.create({ sub: 'u' })
    const r1 = await sessions.rotate(r0.refreshToken)
    const r2 = await sessions.rotate(r1.refreshToken)
    expect(await isRevoked(world, r2)).toBe(false)
    expect(await fate(sessions.rotate(r0.refreshToken))).toBe('reused')
    expect(await fate(sessions.rotate(r2.refreshToken))).toBe('ended')
    for (const issued of [r0, r1, r2]) expect(await isRevoked(world, issued)).toBe(true)
  })

  it('S4: the window counts from the first rotation, and a replay prolongs nothing', async () => {
    const { sessions, clock } = await openWorld()
    const { refreshToken } = await sessions.create({ sub: 'u' })
    const first = await sessions.rotate(refreshToken)
    for (let i = 0; i < 3; i++) {
      clock.advance(3 * S1)
      const again = await sessions.rotate(refreshToken)
      expect(again).toEqual({ ...first, replayed: true })
    }
    clock.advance(S1 - 1)
    expect(await fate(sessions.rotate(refreshToken))).toBe('taken')
    clock.advance(1)
    expect(await fate(sessions.rotate(refreshToken))).toBe('reused')
  })

  it('S5: reuse ends exactly that session and its access tokens, and no other device', async () => {
    const world = await openWorld()
    const { sessions, clock, events } = world
    const [phone, laptop] = [
      await sessions.create({ sub: 'u', details: { device: 'phone' } }),
      await sessions.create({ sub: 'u', details: { device: 'laptop' } }),
    ]
    const next = await sessions.rotate(phone.refreshToken)
    clock.advance(11 * S1)
    expect(await fate(sessions.rotate(phone.refreshToken, { details: { device: '?' } }))).toBe('reused')
    expect(await isRevoked(world, next)).toBe(true)
    expect(await isRevoked(world, laptop)).toBe(false)
    expect(await sidsOf(sessions, { sub: 'u' })).toEqual([laptop.session.sid])
    expect(await fate(sessions.rotate(laptop.refreshToken))).toBe('taken')
    expect(events).toEqual([
      { type: 'reused', session: next.session, details: { device: '?' } },
      { type: 'ended', session: next.session, why: 'reused' },
    ])
  })

  it('S6: an access token that is signed after the end of its session is revoked', async () => {
    const world = await openWorld()
    const { sessions, clock } = world
    const first = await sessions.create({ sub: 'u' })
    const { claims } = await sessions.rotate(first.refreshToken)
    clock.advance(1500)
    expect((await sessions.revoke({ sid: claims.sid })).ended).toBe(1)
    clock.advance(2000)
    expect(await isRevoked(world, { claims })).toBe(true)
    // Even with a time of its own: the login is over for ever.
    expect(await isRevoked(world, { claims: { ...claims, iat: clock.wall / 1000 } })).toBe(true)
  })

  it('S6: what has ended gives nothing, nor by replay', async () => {
    const a = await openWorld()
    const b = await a.other()
    const first = await a.sessions.create({ sub: 'u' })
    const second = await a.sessions.rotate(first.refreshToken)
    await b.sessions.revoke({ sid: first.session.sid })
    for (const { refreshToken } of [first, second])
      expect(await fate(a.sessions.rotate(refreshToken))).toBe('ended')
  })

  it('S7: revokeWhere by a process that knows no sessions ends refresh tokens, at once', async () => {
    const a = await openWorld({ engine: { maxStalenessMs: 60_000 } })
    const b = await a.other()
    const [one, two, three] = await Promise.all(['u', 'v', 'w'].map((sub) => a.sessions.create({ sub })))
    if (one === undefined || two === undefined || three === undefined) throw new Error('there are three')
    const replayable = await a.sessions.rotate(two.refreshToken)
    await b.revocade.revokeWhere({ sub: 'u' })
    await b.revocade.revokeWhere({ sid: two.session.sid })
    expect(await fate(a.sessions.rotate(one.refreshToken))).toBe('ended')
    expect(await fate(a.sessions.rotate(two.refreshToken))).toBe('ended')
    expect(await fate(a.sessions.rotate(replayable.refreshToken))).toBe('ended')
    expect(await fate(a.sessions.rotate(three.refreshToken))).toBe('taken')
    await b.revocade.revokeWhere({})
    expect(await fate(a.sessions.rotate(three.refreshToken))).toBe('ended')
  })

  it('S7: a revocation of a user is kept for as long as a refresh token may live', async () => {
    const { sessions, revocade, clock } = await openWorld({ options: { idleSeconds: 90 * DAY_SECONDS } })
    const { refreshToken } = await sessions.create({ sub: 'u' })
    await revocade.revokeWhere({ sub: 'u' })
    clock.advance(89 * DAY_SECONDS * S1)
    expect(await fate(sessions.rotate(refreshToken))).toBe('ended')
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('broken')
      },
    ],
    ['rejects with', () => Promise.reject(new Error('broken'))],
  ])("what onEvent %s is not the caller's", async (_, onEvent) => {
    const { sessions } = await openWorld({ options: { onEvent } })
    const { refreshToken } = await sessions.create({ sub: 'u' })
    await sessions.rotate(refreshToken)
    expect(await fate(sessions.rotate(refreshToken))).toBe('taken')
  })

  it('reject with ERR_CLOSED once the engine is closed', async () => {
    const { sessions, revocade } = await openWorld()
    const { refreshToken, session } = await sessions.create({ sub: 'u' })
    await revocade.close()
    const closed = ourError('ERR_CLOSED')
    await expect(sessions.create({ sub: 'u' })).rejects.toEqual(closed)
    await expect(sessions.rotate(refreshToken)).rejects.toEqual(closed)
    await expect(sessions.find(refreshToken)).rejects.toEqual(closed)
    await expect(sessions.get(session.sid)).rejects.toEqual(closed)
    await expect(sidsOf(sessions, { sub: 'u' })).rejects.toEqual(closed)
    await expect(sessions.revoke({ sub: 'u' })).rejects.toEqual(closed)
  })
})
