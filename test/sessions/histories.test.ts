import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { MemoryStore } from '#dist/testing/index.js'
import { accessToken, fate, memory, openWorld, sidsOf, type World } from '../support/sessions.js'

// Clocks, expiries, salts, and stores that were restored.

const S1 = 1000

const isRevoked = ({ revocade }: World, issued: Parameters<typeof accessToken>[0]): Promise<boolean> =>
  revocade.isRevoked(accessToken(issued))

describe('sessions in time', () => {
  it('S13: a token that is newer than a restored store is refused, and ends nothing', async () => {
    const store = new MemoryStore()
    const world = await openWorld({ connect: memory(store) })
    const { sessions, events } = world
    const first = await sessions.create({ sub: 'u' })
    const restore = store.backup()
    const second = await sessions.rotate(first.refreshToken)
    const third = await sessions.rotate(second.refreshToken)
    restore()
    expect(await fate(sessions.rotate(third.refreshToken))).toBe('unknown')
    expect(await fate(sessions.rotate(second.refreshToken))).toBe('unknown')
    // The spent token is good again: docs/sessions.md says so.
    expect(await fate(sessions.rotate(first.refreshToken))).toBe('taken')
    expect(await fate(sessions.rotate(third.refreshToken))).toBe('unknown')
    expect(events).toEqual([])
  })

  it('S13: a token of another history with the same generation is refused', async () => {
    const store = new MemoryStore()
    const { sessions } = await openWorld({ connect: memory(store), options: { replaySeconds: 0 } })
    const first = await sessions.create({ sub: 'u' })
    const restore = store.backup()
    const lost = await sessions.rotate(first.refreshToken)
    restore()
    const second = await sessions.rotate(first.refreshToken)
    expect(second.refreshToken).not.toBe(lost.refreshToken)
    expect(await fate(sessions.rotate(lost.refreshToken))).toBe('unknown')
    expect(await fate(sessions.rotate(second.refreshToken))).toBe('taken')
  })

  it('S14: whatever the clock does, a token has one successor', async () => {
    for (const step of [-3600, -11, -1, 1, 9]) {
      const { sessions, clock } = await openWorld()
      const { refreshToken } = await sessions.create({ sub: 'u' })
      const first = await sessions.rotate(refreshToken)
      clock.wall += step * S1
      expect((await sessions.rotate(refreshToken)).refreshToken).toBe(first.refreshToken)
      const second = await sessions.rotate(first.refreshToken)
      expect(second.claims.iat).toBeGreaterThanOrEqual(first.claims.iat)
    }
  })

  it('S15: an unrevoked login has its access tokens back, and no refresh token', async () => {
    const world = await openWorld()
    const { sessions, revocade } = world
    const issued = await sessions.create({ sub: 'u' })
    await sessions.revoke({ sid: issued.session.sid })
    await revocade.unrevokeWhere({ sid: issued.session.sid })
    expect(await isRevoked(world, issued)).toBe(false)
    expect(await fate(sessions.rotate(issued.refreshToken))).toBe('ended')
    expect(await fate(sessions.create({ sub: 'u', sid: issued.session.sid }))).toBe('ended')
  })

  it('expire when they are not used, and in any case', async () => {
    const { sessions, clock } = await openWorld({ options: { idleSeconds: 100, absoluteSeconds: 250 } })
    const idle = await sessions.create({ sub: 'u' })
    let used = await sessions.create({ sub: 'u' })
    for (let i = 0; i < 2; i++) {
      clock.advance(99 * S1)
      used = await sessions.rotate(used.refreshToken)
    }
    expect(await fate(sessions.rotate(idle.refreshToken))).toBe('expired')
    expect(used.refreshExpiresAt).toEqual(new Date(used.session.createdAt.getTime() + 250 * S1))
    clock.advance(52 * S1)
    expect(await fate(sessions.rotate(used.refreshToken))).toBe('expired')
    expect(await sidsOf(sessions, { sub: 'u' })).toEqual([])
    expect(await sessions.find(used.refreshToken)).toBeUndefined()
    expect(await sessions.get(used.session.sid)).toBeUndefined()
  })

  it('a refresh token without its salt is refused within the window, and ends nothing', async () => {
    const store = new MemoryStore()
    const { sessions, events } = await openWorld({ connect: memory(store) })
    const first = await sessions.create({ sub: 'u' })
    const second = await sessions.rotate(first.refreshToken)
    await store.sessions.dropSalts(Number.MAX_SAFE_INTEGER)
    expect(await fate(sessions.rotate(first.refreshToken))).toBe('unknown')
    expect(events).toEqual([])
    expect(await fate(sessions.rotate(second.refreshToken))).toBe('taken')
  })

  it('salts are deleted with later rotations', async () => {
    const store = new MemoryStore()
    const { sessions, clock } = await openWorld({ connect: memory(store) })
    const first = await sessions.create({ sub: 'u' })
    const second = await sessions.rotate(first.refreshToken)
    const minute = Math.floor(clock.wall / 60_000)
    expect(store.sessions.salt(minute)).toHaveLength(16)
    clock.advance(6 * 60 * S1)
    await sessions.rotate(second.refreshToken)
    await sleep(0)
    expect(store.sessions.salt(minute)).toBeUndefined()
    expect(store.sessions.salt(minute + 6)).toHaveLength(16)
  })
})
