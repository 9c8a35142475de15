import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { readFamily } from '#dist/sessions/state.js'
import { MemoryStore } from '#dist/testing/index.js'
import { lateStore } from '../support/late-store.js'
import {
  ACCESS_SECONDS,
  accessToken,
  DAY_SECONDS,
  fate,
  openWorld as openWorldOn,
  sidsOf,
  STORES,
  type World,
  type WorldOptions,
} from '../support/sessions.js'
import { ManualClock } from '../support/time.js'

// Logins, the limit of logins, and the ends of sessions.

const S1 = 1000

const isRevoked = ({ revocade }: World, issued: Parameters<typeof accessToken>[0]): Promise<boolean> =>
  revocade.isRevoked(accessToken(issued))

describe.each(STORES)('ends of sessions on %s', (_, stores) => {
  const openWorld = (options: WorldOptions = {}) => openWorldOn({ connect: stores(), ...options })

  it('S8: a login before the end of all of a user is ended, whatever the clocks say', async () => {
    const connect = stores()
    const behind = await openWorld({ connect })
    const ahead = await openWorld({ connect, clock: aheadOf(behind, 30 * S1) })
    const issued = await ahead.sessions.create({ sub: 'u' })
    expect((await behind.sessions.revoke({ sub: 'u' })).ended).toBe(1)
    expect(await fate(ahead.sessions.rotate(issued.refreshToken))).toBe('ended')
    expect(await isRevoked(behind, issued)).toBe(true)
  })

  it('S8: a login after it lives, and its first access token is active at once', async () => {
    const world = await openWorld()
    const { sessions, revocade, clock } = world
    const old = await sessions.create({ sub: 'u' })
    for (const end of [() => sessions.revoke({ sub: 'u' }), () => revocade.revokeWhere({ sub: 'u' })]) {
      await end()
      const issued = await sessions.create({ sub: 'u' })
      expect(await isRevoked(world, issued)).toBe(false)
      expect(await isRevoked(world, old)).toBe(true)
      const next = await sessions.rotate(issued.refreshToken)
      expect(next.claims.iat).toBe(issued.claims.iat)
      clock.advance(1500)
    }
  })

  it('S8: a login waits for the second after the cutoff', async () => {
    const world = await openWorld({ clock: systemTime() })
    await world.revocade.revokeWhere({ sub: 'u' })
    const issued = await world.sessions.create({ sub: 'u' })
    expect(issued.claims.iat).toBeLessThanOrEqual(Date.now() / 1000)
    expect(await isRevoked(world, issued)).toBe(false)
  })

  it('S8: a login is dated after the cutoff of a clock that is ahead, to a limit', async () => {
    const connect = stores()
    const behind = await openWorld({ connect })
    const ahead = await openWorld({ connect, clock: aheadOf(behind, 30 * S1) })
    await ahead.revocade.revokeWhere({ sub: 'u' })
    const issued = await behind.sessions.create({ sub: 'u' })
    expect(await isRevoked(behind, issued)).toBe(false)
    expect(issued.claims.iat).toBe(behind.clock.wall / 1000 + 31)
    await behind.revocade.revokeWhere({ sub: 'u' }, { issuedBefore: new Date(behind.clock.wall + 3600 * S1) })
    expect(await fate(behind.sessions.create({ sub: 'u' }))).toBe('revoked')
    await behind.revocade.revokeWhere({ sub: 'v' }, { issuedBefore: 'ever' })
    expect(await fate(behind.sessions.create({ sub: 'v' }))).toBe('revoked')
  })

  it('S8: except keeps a session and its tokens', async () => {
    const world = await openWorld()
    const { sessions, events, clock } = world
    const [one, two, three] = [
      await sessions.create({ sub: 'u' }),
      await sessions.create({ sub: 'u' }),
      await sessions.create({ sub: 'u' }),
    ]
    const receipt = await sessions.revoke({ sub: 'u', except: two.session.sid }, { reason: 'new password' })
    expect(receipt).toMatchObject({ ended: 2, durable: true, redis: 'off', seq: 2 })
    expect(events.map(({ type }) => type)).toEqual(['ended', 'ended'])
    expect(new Set(events.map(({ session }) => session.sid))).toEqual(
      new Set([one.session.sid, three.session.sid]),
    )
    expect(await Promise.all([one, two, three].map((issued) => isRevoked(world, issued)))).toEqual([
      true,
      false,
      true,
    ])
    expect(await fate(sessions.rotate(two.refreshToken))).toBe('taken')
    expect(await fate(sessions.rotate(one.refreshToken))).toBe('ended')
    clock.advance(120 * S1)
    expect(await sessions.revoke({ sub: 'u', except: two.session.sid })).toMatchObject({ ended: 0, seq: 0 })
  })

  it('S9: of logins at once never more than max stay, and the oldest are ended', async () => {
    const a = await openWorld({
      options: { perSubject: { max: 3, atLimit: 'end-oldest' } },
      engine: { maxStalenessMs: 0 },
    })
    const b = await a.other()
    const oldest = await a.sessions.create({ sub: 'u' })
    a.clock.advance(1)
    const issued = await Promise.all([a, b, a, b, a, b].map(({ sessions }) => sessions.create({ sub: 'u' })))
    expect(await sidsOf(a.sessions, { sub: 'u' })).toHaveLength(3)
    expect(await fate(a.sessions.rotate(oldest.refreshToken))).toBe('ended')
    expect(issued.flatMap(({ ended }) => ended.map(({ sid }) => sid))).toContain(oldest.session.sid)
    const ends = [...a.events, ...b.events].map((event) => event.type === 'ended' && event.why)
    expect(ends).toEqual(['limit', 'limit', 'limit', 'limit'])
    expect(await isRevoked(a, oldest)).toBe(true)
  })

  it('S9: with atLimit refuse, one more login is refused, and taken when there is room', async () => {
    const { sessions, revocade } = await openWorld({ options: { perSubject: { max: 2, atLimit: 'refuse' } } })
    const first = await sessions.create({ sub: 'u' })
    const second = await sessions.create({ sub: 'u' })
    await expect(sessions.create({ sub: 'u' })).rejects.toMatchObject({
      code: 'ERR_LOGIN_REFUSED',
      reason: 'limit',
      statusCode: 400,
      oauthError: 'access_denied',
    })
    await sessions.revoke({ refreshToken: first.refreshToken })
    await sessions.create({ sub: 'u' })
    // What a revocation of the engine has ended does not count either.
    await revocade.revokeWhere({ sid: second.session.sid })
    expect(await fate(sessions.create({ sub: 'u' }))).toBe('taken')
    expect(await fate(sessions.create({ sub: 'u' }))).toBe('limit')
  })

  it('revoke ends the session of a refresh token, also of one that was used', async () => {
    const world = await openWorld()
    const { sessions } = world
    const first = await sessions.create({ sub: 'u' })
    const second = await sessions.rotate(first.refreshToken)
    for (const refreshToken of ['', 'rt_', `${second.refreshToken}x`])
      expect(await sessions.revoke({ refreshToken })).toMatchObject({ ended: 0, seq: 0 })
    expect(await sessions.revoke({ refreshToken: first.refreshToken })).toMatchObject({ ended: 1, seq: 1 })
    world.clock.advance(120 * S1)
    expect(await sessions.revoke({ refreshToken: second.refreshToken })).toMatchObject({ ended: 0, seq: 0 })
    expect(await isRevoked(world, second)).toBe(true)
  })

  it('a user with more sessions than are read at once: all are listed, and all are ended', async () => {
    const { sessions } = await openWorld()
    const issued = await Promise.all(Array.from({ length: 1100 }, () => sessions.create({ sub: 'u' })))
    const sids = issued.map(({ session }) => session.sid)
    const listing = { isDone: false, turns: 0 }
    const listed = sidsOf(sessions, { sub: 'u' }).finally(() => (listing.isDone = true))
    for (; !listing.isDone; listing.turns++) await nextTurn()
    expect((await listed).toSorted()).toEqual(sids.toSorted())
    expect(listing.turns, 'turns of the event loop: pages, and groups that are judged').toBeGreaterThan(3)
    expect((await sessions.revoke({ sub: 'u', except: sids[600] ?? '' })).ended).toBe(1099)
    expect(await sidsOf(sessions, { sub: 'u' })).toEqual([sids[600]])
    expect((await sessions.revoke({ sub: 'u' })).ended).toBe(1)
    expect(await fate(sessions.rotate(issued[600]?.refreshToken ?? ''))).toBe('ended')
  })

  it('the end of a session is kept for as long as its last access token lives', async () => {
    const { sessions, revocade, clock } = await openWorld()
    const { session } = await sessions.create({ sub: 'u' })
    await sessions.revoke({ sid: session.sid }, { reason: 'lost', actor: 'admin' })
    await sessions.revoke({ sub: 'u' })
    const kept = []
    for await (const revocation of revocade.list()) kept.push(revocation)
    expect(kept).toMatchObject([
      {
        target: { where: { sid: session.sid } },
        withoutCutoff: true,
        expiresAt: new Date(clock.wall + ACCESS_SECONDS * S1),
        reason: 'lost',
        actor: 'admin',
      },
      { target: { where: { sub: 'u' } }, expiresAt: new Date(clock.wall + 90 * DAY_SECONDS * S1) },
    ])
  })
})

it('S6: a session that is refreshed while others of its user are read ends as it is then', async () => {
  const store = new MemoryStore()
  let [pages, between] = [0, (): Promise<unknown> => Promise.resolve()]
  const gate = async (label: string) => {
    if (label === 'list: request' && pages++ === 1) await between()
  }
  const witness = { committed: () => undefined, written: () => undefined }
  const { sessions } = await openWorldOn({ connect: () => lateStore(store, gate, witness) })
  const begun = await Promise.all([1, 2, 3].map(() => sessions.create({ sub: 'u' })))
  const { rows } = store.sessions.list({ sub: 'u' }, undefined, 3)
  // In the order of the pages, so that what is read last is the newest.
  const tokens = rows.map(({ sid }) => begun.find(({ session }) => session.sid === sid)?.refreshToken ?? '')
  between = async () => {
    for (const token of tokens) await sessions.rotate(token)
  }
  expect((await sessions.revoke({ sub: 'u', except: 'another' })).ended).toBe(3)
  const after = store.sessions.list({ sub: 'u' }, undefined, 3).rows.map(readFamily)
  expect(after.map(({ generation, ended }) => [generation, ended?.login])).toEqual(Array(3).fill([1, true]))
})

/** A clock that is always so much ahead of another one. */
function aheadOf({ clock }: World, ms: number): World['clock'] {
  const ahead = new ManualClock()
  ahead.now = () => clock.wall + ms
  return ahead
}

function systemTime(): World['clock'] {
  const clock = new ManualClock()
  clock.now = Date.now
  clock.monotonic = () => process.hrtime.bigint()
  return clock
}
