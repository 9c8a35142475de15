import type { SessionCommit } from 'revocade/ports'
import { describe, expect, it, vi } from 'vitest'
import { reportOf } from '#dist/cli/errors.js'
import { endAll } from '#dist/cli/sessions/end-all.js'
import { RevocadeError } from '#dist/errors.js'
import { MemoryStore } from '#dist/testing/index.js'
import { openWorld } from '../support/sessions.js'

const USERS = 150

/** A store with users, of whom some can't be ended for so many commits of each. */
async function withTrouble(troubles: Readonly<Record<string, number>>) {
  const store = new MemoryStore()
  const world = await openWorld({ connect: () => store })
  world.clock.wall = Date.now()
  const subs = Array.from({ length: USERS }, (_, i) => `user-${i}`)
  const issued = new Map(
    await Promise.all(subs.map(async (sub) => [sub, await world.sessions.create({ sub })] as const)),
  )
  const left = new Map(Object.entries(troubles))
  const { sessions } = store
  const commit = sessions.commit.bind(sessions)
  vi.spyOn(sessions, 'commit').mockImplementation((given: SessionCommit) => {
    const sub = given.put[0]?.sub ?? ''
    const times = left.get(sub) ?? 0
    left.set(sub, times - 1)
    if (times > 0) return Promise.reject(new RevocadeError('ERR_UNAVAILABLE', `not now: ${sub}`))
    return commit(given)
  })
  const isLive = async (sub: string): Promise<boolean> =>
    (await world.sessions.find(issued.get(sub)?.refreshToken ?? '')) !== undefined
  const live = async () => {
    const are = await Promise.all(subs.map(isLive))
    return subs.filter((_, i) => are[i])
  }
  return { world, store, live }
}

describe('the end of all sessions', () => {
  it('goes on where that of a user fails, and says how many are left', async () => {
    const { world, store, live } = await withTrouble({ 'user-7': Infinity, 'user-99': Infinity })
    const error: unknown = await endAll(world.sessions, store, {}).catch((thrown: unknown) => thrown)
    const { code, message } = reportOf(error)
    expect(code).toBe('ERR_UNAVAILABLE')
    expect(message).toMatch(/^the sessions of 2 users could not be ended.*; 148 sessions of others ended\./)
    expect(message).not.toContain('user-')
    expect(await live()).toEqual(['user-7', 'user-99'])
  })

  it('tries again at the end', async () => {
    const { world, store, live } = await withTrouble({ 'user-7': 1 })
    expect(await endAll(world.sessions, store, {})).toMatchObject({ ended: USERS, durable: true })
    expect(await live()).toEqual([])
  })

  it('stops at once at what is wrong for all users', async () => {
    const { world, store, live } = await withTrouble({})
    const reason = 'x'.repeat(10_000)
    await expect(endAll(world.sessions, store, { reason })).rejects.toMatchObject({ code: 'ERR_CONFIG' })
    expect(await live()).toHaveLength(USERS)
  })
})
