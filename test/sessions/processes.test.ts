import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { random } from '../faults/matrix/random.js'
import { DURABLE } from '../redis-store/support.js'
import { startPostgres } from '../support/postgres/server.js'
import { startRedis } from '../support/redis/server.js'
import { report, scaled } from '../support/scale.js'
import { temporaryDirectory } from '../support/temp.js'
import { Chain, type Event } from './support/chain.js'
import { Peers } from './support/peers.js'

// Real processes on one store, of which one after the other is killed.

const SEED = Number(process.env.REVOCADE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
const EVENTS: readonly Event[] = ['replay', 'late replay', 'reuse', 'revoke']

/** A place for a store, and what stops its server. */
type Place = readonly [store: string, stop: () => Promise<void>]

const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  SQLite: () => Promise.resolve([join(temporaryDirectory(), 'store.db'), () => Promise.resolve()]),
  PostgreSQL: async () => {
    const server = await startPostgres()
    return [server.url(), () => server.stop()]
  },
  Redis: async () => {
    const server = await startRedis({ args: DURABLE })
    return [server.url, () => server.stop()]
  },
}

describe.each(Object.entries(PLACES))('four processes with sessions in %s', (name, place) => {
  let peers: Peers
  beforeAll(async () => {
    const [store, stop] = await place()
    peers = await Peers.start(store)
    return async () => {
      await peers.stop()
      await stop()
    }
  })

  it('S1: that get the same tokens at once agree on each successor', async () => {
    const begun = await peers.create(scaled(60))
    const answers = await peers.take(() => begun.map(({ refreshToken }) => ({ token: refreshToken })))
    for (const each of answers) {
      expect(each.map(({ is }) => is).sort()).toEqual(['replayed', 'replayed', 'replayed', 'rotated'])
      expect(new Set(each.map(({ refreshToken }) => refreshToken)).size).toBe(1)
      expect(new Set(each.map(({ claims }) => claims?.iat)).size).toBe(1)
    }
  })

  it('S2: in strict mode give one successor, and end its session', async () => {
    const strict = peers.withWindow(0)
    const begun = await strict.create(scaled(40))
    const answers = await strict.take(() => begun.map(({ refreshToken }) => ({ token: refreshToken })))
    const won = answers.map((each) => {
      const [first, ...others] = each.filter(({ is }) => is === 'rotated')
      if (first?.claims === undefined || first.refreshToken === undefined) throw new Error('nobody won')
      expect(others).toEqual([])
      const losers = each.map(({ is }) => is).filter((is) => is !== 'rotated')
      expect(losers.filter((is) => is === 'reused').length).toBeGreaterThanOrEqual(1)
      expect(losers.filter((is) => is !== 'reused' && is !== 'ended')).toEqual([])
      return { refreshToken: first.refreshToken, claims: first.claims }
    })
    const after = await strict.take(() => won.map(({ refreshToken }) => ({ token: refreshToken })))
    expect(new Set(after.flat().map(({ is }) => is))).toEqual(new Set(['ended']))
    const revoked = await strict.areRevoked(won.map(({ claims }) => claims))
    expect(new Set(revoked.flat())).toEqual(new Set([true]))
  })

  it('S10: that are killed one after the other keep one branch of each session or end it whole', async () => {
    const chance = random(SEED)
    const chains = (await peers.create(24)).map((begun) => new Chain(begun))
    const rounds = scaled(10)
    for (let round = 0; round < rounds; round++) {
      const where = `seed ${SEED}, round ${round}`
      const events = chains.map((chain, i): Event => {
        const event = EVENTS[chance.below(12)] ?? 'refresh'
        // The first one is never ended, so that one is left.
        return i > 0 && chain.allows(event) ? event : 'refresh'
      })
      const eventOf = (i: number): Event => events[i] ?? 'refresh'
      const killAfterMs = round % 2 === 0 ? chance.below(20) : undefined
      const answers = await peers.take(
        (peer) => chains.map((chain, i) => chain.step(eventOf(i), peer)),
        killAfterMs,
      )
      for (const [i, chain] of chains.entries()) chain.judge(eventOf(i), answers[i] ?? [], where)
      // Also the access tokens from before, with what came last: the process that is new says so as well.
      for (const which of [0, -1]) {
        const revoked = await peers.areRevoked(chains.flatMap(({ claims }) => claims.at(which) ?? []))
        for (const each of revoked) expect(each, where).toEqual(chains.map(({ hasEnded }) => hasEnded))
      }
    }
    expect(await peers.count(chains.map(({ sub }) => sub))).toEqual(
      chains.map(({ hasEnded }) => (hasEnded ? 0 : 1)),
    )
    const ended = chains.filter(({ hasEnded }) => hasEnded).length
    expect(
      [ended, chains.length - ended].every((count) => count > 0),
      `seed ${SEED}`,
    ).toBe(true)
    report(`sessions in ${name}, processes killed`, {
      kills: Math.ceil(rounds / 2),
      ended,
      alive: chains.length - ended,
    })
  })
})
