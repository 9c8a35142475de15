import { describe, expect, it } from 'vitest'
import type { Issued, SessionsOptions } from '#dist/sessions/index.js'
import { MemoryStore } from '#dist/testing/index.js'
import { lateStore } from '../support/late-store.js'
import { accessToken, fate, memory, openWorld, sidsOf, type World } from '../support/sessions.js'
import { ManualClock } from '../support/time.js'

// Ends of sessions while clients of the same user refresh, log in and join without a pause: something of
// theirs is committed before every request to commit that an end makes.

const SECOND = 1000
/** More than an end would ever try again. */
const MOST_TIMES = 200

interface Contest {
  /** Who ends sessions. */
  readonly world: World
  /** Whose requests come in between. Its clock is ahead. */
  readonly other: World
  /** Does something before each commit from now on. */
  readonly before: (work: () => Promise<unknown>) => void
  /** How often it was done. */
  readonly times: () => number
}

async function contest(aheadMs = 0, options: SessionsOptions = {}): Promise<Contest> {
  const store = new MemoryStore()
  let [times, isBusy, work] = [0, false, (): Promise<unknown> => Promise.resolve()]
  const gate = async (label: string) => {
    if (isBusy || times > MOST_TIMES || (label !== 'commit: request' && label !== 'write: request')) return
    isBusy = true
    times++
    await work()
    isBusy = false
  }
  const witness = { committed: () => undefined, written: () => undefined }
  const world = await openWorld({ connect: () => lateStore(store, gate, witness), options })
  const clock = new ManualClock()
  clock.now = () => world.clock.wall + aheadMs
  const again = memory(store)
  again()
  const other = await openWorld({ connect: again, clock, engine: { maxStalenessMs: 0 } })
  return { world, other, before: (given) => void ([times, work] = [0, given]), times: () => times }
}

/** A client that refreshes one session. */
class Client {
  readonly issued: Issued[]
  refusal: unknown

  constructor(first: Issued) {
    this.issued = [first]
  }

  get last(): Issued {
    const last = this.issued.at(-1)
    if (last === undefined) throw new Error('a client begins with a session')
    return last
  }

  get sid(): string {
    return this.last.session.sid
  }

  async refresh({ sessions }: World): Promise<void> {
    const done = sessions.rotate(this.last.refreshToken).then((next) => this.issued.push(next))
    const how = await fate(done)
    if (how !== 'taken') this.refusal = how
  }
}

const clients = async ({ sessions }: World, count: number): Promise<[Client, ...Client[]]> => {
  const begin = async () => new Client(await sessions.create({ sub: 'u' }))
  return [await begin(), ...(await Promise.all(Array.from({ length: count - 1 }, begin)))]
}

/** Nothing that a client was ever given is good. */
async function expectEnded(world: World, client: Client): Promise<void> {
  expect(await fate(world.sessions.rotate(client.last.refreshToken))).toBe('ended')
  for (const issued of client.issued)
    expect(await world.revocade.isRevoked(accessToken(issued)), 'an access token is active').toBe(true)
}

describe.each([
  ['with equal clocks', 0],
  ['with a clock ahead', 30 * SECOND],
])('an end that others come in between of each time, %s', (_, aheadMs) => {
  it('of a user: all his sessions end, whichever is refreshed', async () => {
    const { world, other, before } = await contest(aheadMs)
    const all = await clients(world, 5)
    before(async () => {
      for (const client of all) await client.refresh(other)
    })
    const receipt = await world.sessions.revoke({ sub: 'u' }, { reason: 'lost' })
    expect(receipt).toMatchObject({ ended: 5, durable: true, redis: 'off' })
    expect(receipt.seq).toBeGreaterThan(0)
    expect(world.events.map((event) => event.type === 'ended' && event.why)).toEqual(Array(5).fill('revoked'))
    for (const client of all) {
      expect(client.issued.length, 'it was refreshed meanwhile').toBeGreaterThan(1)
      await expectEnded(world, client)
    }
    expect(await sidsOf(world.sessions, { sub: 'u' })).toEqual([])
    expect((await world.sessions.revoke({ sub: 'u' })).ended).toBe(0)
  })

  it('of a user: what began before the first commit has ended, and a login afterwards is good', async () => {
    const { world, other, before, times } = await contest(aheadMs)
    const [first] = await clients(world, 2)
    const under: Client[] = []
    before(async () => {
      if (times() <= 2) under.push(new Client(await other.sessions.create({ sub: 'u' })))
      for (const client of under) await client.refresh(other)
    })
    expect((await world.sessions.revoke({ sub: 'u' })).ended).toBe(4)
    expect(under).toHaveLength(2)
    for (const client of [first, ...under]) await expectEnded(world, client)
    world.clock.advance(60 * SECOND)
    const after = await world.sessions.create({ sub: 'u' })
    expect(await world.revocade.isRevoked(accessToken(after))).toBe(false)
    expect(await fate(other.sessions.rotate(after.refreshToken))).toBe('taken')
  })

  it('of a user but for one login: that is refreshed all the time, and the others end', async () => {
    const { world, other, before } = await contest(aheadMs)
    const [kept, ...others] = await clients(world, 4)
    const under: Client[] = []
    before(async () => {
      await kept.refresh(other)
      if (under.length === 0) under.push(new Client(await other.sessions.create({ sub: 'u' })))
    })
    expect((await world.sessions.revoke({ sub: 'u', except: kept.sid })).ended).toBe(4)
    for (const client of [...others, ...under]) await expectEnded(world, client)
    expect(kept.refusal).toBeUndefined()
    expect(await world.revocade.isRevoked(accessToken(kept.last))).toBe(false)
    expect(await sidsOf(world.sessions, { sub: 'u' })).toEqual([kept.sid])
  })

  it('of a user but for one login: the others are refreshed all the time', async () => {
    const { world, other, before } = await contest(aheadMs)
    const [kept, ...others] = await clients(world, 3)
    before(async () => {
      for (const client of others) await client.refresh(other)
    })
    expect((await world.sessions.revoke({ sub: 'u', except: kept.sid })).ended).toBe(2)
    for (const client of others) await expectEnded(world, client)
    expect(await fate(other.sessions.rotate(kept.last.refreshToken))).toBe('taken')
  })

  it('of a login', async () => {
    const { world, other, before } = await contest(aheadMs)
    const [ended, goesOn] = await clients(world, 2)
    before(() => ended.refresh(other))
    expect((await world.sessions.revoke({ sid: ended.sid })).ended).toBe(1)
    await expectEnded(world, ended)
    expect(await sidsOf(world.sessions, { sub: 'u' })).toEqual([goesOn?.sid])
  })
})

it('two ends of a user at once count each session once', async () => {
  const { world, other, before } = await contest()
  const all = await clients(world, 6)
  let second: Promise<{ readonly ended: number }> | undefined
  before(async () => {
    second ??= other.sessions.revoke({ sub: 'u' })
    await second
  })
  const first = await world.sessions.revoke({ sub: 'u' })
  expect(first.ended + ((await second)?.ended ?? 0)).toBe(6)
  for (const client of all) await expectEnded(world, client)
})

describe.each(['end-oldest', 'refuse'] as const)('a login at a limit of logins (%s)', (atLimit) => {
  it('gets through while another session of the user is refreshed', async () => {
    const { world, other, before } = await contest(0, { perSubject: { max: 3, atLimit } })
    const [oldest] = await clients(world, 1)
    world.clock.advance(SECOND)
    const [refreshed, ...more] = await clients(world, atLimit === 'refuse' ? 1 : 2)
    before(() => refreshed.refresh(other))
    const issued = await world.sessions.create({ sub: 'u' })
    expect(await sidsOf(world.sessions, { sub: 'u' })).toHaveLength(3)
    expect(issued.ended.map(({ sid }) => sid)).toEqual(atLimit === 'refuse' ? [] : [oldest.sid])
    expect(refreshed.issued.length).toBeGreaterThan(1)
    expect(more).toHaveLength(atLimit === 'refuse' ? 0 : 1)
  })
})
