import { describe, expect, it } from 'vitest'
import { engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

const token = (i: number) => ({ jti: `t${i}`, sub: 'alice', exp: FAR_FUTURE })

/** A store that answers late, and counts the questions: how many, and how many at once. */
function counting(store: ModelStore) {
  const counted = { polls: 0, gets: 0, atOnce: 0, most: 0 }
  let answer: (() => void)[] = []
  store.gate = async (label) => {
    if (label.endsWith('request')) {
      if (label.startsWith('poll')) counted.polls++
      if (label.startsWith('get')) counted.gets++
      counted.most = Math.max(counted.most, ++counted.atOnce)
    } else {
      await new Promise<void>((resolve) => answer.push(resolve))
      counted.atOnce--
    }
  }
  const reply = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    for (const go of answer.splice(0)) go()
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }
  return { counted, reply, forget: () => (answer = []) }
}

async function follower(maxStalenessMs = 100) {
  const clock = new ManualClock()
  const store = new ModelStore()
  const mine = await engineHarness(store, { clock, maxStalenessMs })
  const other = await engineHarness(store, { clock, maxStalenessMs })
  return { clock, store, mine, other }
}

describe('checks without a lease', () => {
  it.each([100, 0])('share one poll of a store that answers late, with Δ = %i', async (maxStalenessMs) => {
    const { clock, store, mine, other } = await follower(maxStalenessMs)
    await other.writer.revoke(token(7))
    clock.advance(200)
    const { counted, reply } = counting(store)
    const checks = Array.from({ length: 500 }, (_, i) => mine.lookup.check(token(i)))
    await reply()
    expect(counted).toMatchObject({ polls: 1, most: 1 })
    await reply() // of the one lookup that the prefilter can't rule out
    const verdicts = await Promise.all(checks)
    expect(verdicts.map(({ status }) => status).indexOf('revoked')).toBe(7)
    expect(verdicts.filter(({ decidedBy }) => decidedBy === 'prefilter')).toHaveLength(499)
    expect(counted).toMatchObject({ polls: 1, gets: 1, most: 1 })
  })

  it('do not rely on a poll that was sent before they began, unless it renews the lease', async () => {
    const { store, mine, other, clock } = await follower(0)
    const { reply } = counting(store)
    const polling = mine.sync.poll()
    await Promise.resolve() // it was sent, and answered from here on
    store.gate = undefined
    await other.writer.revoke(token(1))
    const check = mine.lookup.check(token(1))
    clock.advance(1)
    await reply()
    await polling
    expect((await check).status).toBe('revoked')
  })

  it('are answered by policy when that poll fails, and ask nothing else', async () => {
    const { clock, store, mine } = await follower()
    clock.advance(200)
    const { counted, reply } = counting(store)
    store.broken = new Error('gone')
    const checks = Array.from({ length: 300 }, (_, i) => mine.lookup.check(token(i)))
    await reply()
    const verdicts = await Promise.all(checks)
    expect(new Set(verdicts.map(({ status, reason }) => `${status}: ${reason}`))).toEqual(
      new Set(['unknown: gone']),
    )
    expect(counted).toMatchObject({ gets: 0, most: 1 })
    expect(counted.polls).toBeLessThanOrEqual(1)
    store.broken = undefined
    store.gate = undefined
    expect((await mine.lookup.check(token(1))).status).toBe('active')
  })
})

describe('a poll', () => {
  it('is the next one for all who ask while one is under way', async () => {
    const { store, mine } = await follower()
    const { counted, reply } = counting(store)
    const polls = [1, 2, 3, 4].map(() => mine.sync.poll())
    await reply()
    await reply()
    await Promise.all(polls)
    expect(counted).toMatchObject({ polls: 2, most: 1 })
  })

  it('renews no lease if the machine slept before its reply', async () => {
    const { clock, store, mine, other } = await follower(60_000)
    const { counted, reply } = counting(store)
    const polling = mine.sync.poll()
    await Promise.resolve()
    // The machine sleeps: only the wall clock goes on, and others commit.
    clock.wall += 3_600_000
    const { gate } = store
    store.gate = undefined
    await other.writer.revoke({ ...token(1), exp: FAR_FUTURE })
    store.gate = gate
    await reply()
    expect(mine.lease.isLive()).toBe(false)
    await new Promise((resolve) => setImmediate(resolve))
    await reply() // it asks again
    await polling
    expect(counted.polls).toBe(2)
    expect(mine.lookup.isClearlyActive(token(1))).toBe(false)
  })

  it('does not read again what this engine committed next', async () => {
    const { store, mine, clock } = await follower()
    const write = store.write.bind(store)
    let previous = ''
    // As on a store in which each commit has an epoch of its own.
    store.write = async (mutations) => {
      const committed = await write(mutations)
      const epoch = `tag ${committed.written.at(-1)?.seq}`
      const answer = { ...committed, epoch, previous }
      previous = epoch
      return answer
    }
    for (const i of [1, 2, 3]) await mine.writer.revoke(token(i))
    expect(mine.sync.position).toEqual({ seq: 3, epoch: 'tag 3' })
    previous = 'of another history'
    await mine.writer.revoke(token(4))
    expect(mine.sync.position.seq).toBe(3)
    clock.advance(1)
  })
})
