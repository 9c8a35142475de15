import { describe, expect, it } from 'vitest'
import { Locator } from '#dist/engine/locator.js'
import { engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

const token = (jti: string) => ({ jti, exp: FAR_FUTURE })
const LOST = 'the store lost acknowledged changes of this engine: writing the revocations again'

/** Two engines on one store in which each commit has an epoch of its own, as on PostgreSQL. */
async function two({ maxStalenessMs = 100 } = {}) {
  const clock = new ManualClock()
  const store = new ModelStore({ epochEachCommit: true })
  const one = await engineHarness(store, { clock, maxStalenessMs })
  const other = await engineHarness(store, { clock, maxStalenessMs })
  return { clock, store, one, other }
}

describe('a failover that loses the last commits', () => {
  it('is followed from before them, without a rebuild', async () => {
    const { store, one, other } = await two()
    await other.writer.revoke(token('kept'))
    await one.sync.poll()
    const failOver = store.backup()
    await other.writer.revoke(token('lost'))
    await one.sync.poll()
    failOver()
    // As many changes as before: the number says nothing.
    const third = await engineHarness(store, { clock: new ManualClock(), maxStalenessMs: 100 })
    await third.writer.revoke(token('new'))
    await one.sync.poll()
    expect(one.live.rebuilds).toBe(1)
    expect(one.sync.divergences).toBe(1)
    expect(one.sync.position).toEqual(store.head)
    await expect(one.lookup.check(token('new'))).resolves.toMatchObject({ status: 'revoked' })
    await expect(one.lookup.check(token('kept'))).resolves.toMatchObject({ status: 'revoked' })
    // What was lost is a false positive of the prefilter.
    await expect(one.lookup.check(token('lost'))).resolves.toEqual({ status: 'active', decidedBy: 'store' })
    expect(one.lookup.isClearlyActive(token('never'))).toBe(true)
  })

  it('is followed by a rebuild where no position is common', async () => {
    const { store, one } = await two()
    const failOver = store.backup()
    await one.writer.revoke(token('a'))
    await one.live.rebuild(store) // what expired before is not in this filter: older positions are no use
    await one.sync.poll()
    failOver()
    await one.sync.poll()
    expect(one.live.rebuilds).toBe(3)
    await one.own.rewrite()
    await expect(one.lookup.check(token('a'))).resolves.toMatchObject({ status: 'revoked' })
  })

  it('revokes again what an un-revocation had freed, even if that was left out of the filter', async () => {
    const { store, one, other } = await two()
    await other.writer.revoke(token('a'))
    await one.sync.poll()
    const failOver = store.backup()
    await other.writer.unrevoke(token('a'))
    await one.sync.poll()
    await one.live.rebuild(store)
    await one.sync.poll()
    expect(one.lookup.isClearlyActive(token('a'))).toBe(true)
    failOver()
    await one.sync.poll()
    await expect(one.lookup.check(token('a'))).resolves.toMatchObject({ status: 'revoked' })
  })

  it.each([
    ['a poll notices', true],
    ['no poll can notice', false],
  ])(
    'between the scan of a rebuild and its end, as %s, gives no lease to what was scanned',
    async (_, told) => {
      const { store, one, other } = await two()
      await other.writer.revoke(token('a'))
      await one.sync.poll()
      const failOver = store.backup()
      await other.writer.unrevoke(token('a'))
      if (told) await one.sync.poll()
      let failed = false
      store.gate = async (label) => {
        if (label !== 'scan: reply' || failed) return
        failed = true
        failOver()
        await one.sync.poll()
      }
      await one.live.rebuild(store)
      expect(failed).toBe(true)
      expect(one.lookup.isClearlyActive(token('a'))).toBe(false)
      await one.sync.poll()
      await expect(one.lookup.check(token('a'))).resolves.toMatchObject({ status: 'revoked' })
    },
  )

  it('goes on from a page only when nothing was left out of it', async () => {
    // The page holds the lasting row of 't0', whose older row is of the common history.
    const { store, one, other } = await two()
    const many = Array.from({ length: 1500 }, (_, i) => ({ jti: `t${i}`, expiresAt: FAR_FUTURE }))
    await other.writer.revokeMany([{ jti: 'x', expiresAt: FAR_FUTURE }])
    await one.sync.poll()
    await other.writer.revoke(token('y'))
    await other.writer.revokeMany(many)
    const failOver = store.backup()
    await other.writer.unrevoke(token('y'))
    store.gate = async (label) => {
      if (label !== 'poll: reply' || failed) return
      failed = true
      failOver() // after the first page, which lacks 'y', was read
      await Promise.resolve()
    }
    let failed = false
    await one.sync.poll()
    expect(one.live.rebuilds).toBe(1)
    await expect(one.lookup.check(token('y'))).resolves.toMatchObject({ status: 'revoked' })
  })

  it('leaves no verdict behind when the store comes back to the history that it had left', async () => {
    const { store, one } = await two()
    const failOver = store.backup()
    await one.writer.revoke(token('a'))
    const comeBack = store.backup()
    failOver()
    await expect(one.lookup.check(token('a'))).resolves.toMatchObject({ status: 'active' })
    comeBack()
    await one.sync.poll()
    expect(one.sync.divergences).toBe(0)
    await expect(one.lookup.check(token('a'))).resolves.toMatchObject({ status: 'revoked' })
  })

  it('is read from the scan on when a rebuild scanned it, and the store came back meanwhile', async () => {
    const { store, one, other } = await two()
    const failOver = store.backup()
    await other.writer.revoke(token('a'))
    const comeBack = store.backup()
    await one.sync.poll()
    failOver()
    await one.live.rebuild(store)
    comeBack()
    await one.sync.poll()
    expect(one.sync.divergences).toBe(0)
    expect(one.lease.isLive()).toBe(true)
    await expect(one.lookup.check(token('a'))).resolves.toMatchObject({ status: 'revoked' })
  })

  it('does not take the lease of the lost history with it', async () => {
    const { clock, store, one, other } = await two()
    await other.writer.revoke(token('a'))
    await one.sync.poll()
    const failOver = store.backup()
    await other.writer.unrevoke(token('a'))
    await one.sync.poll()
    await expect(one.lookup.check(token('a'))).resolves.toMatchObject({ status: 'active' })
    failOver()
    clock.advance(50)
    store.gate = async (label) => {
      if (label === 'contains: request')
        await expect(Promise.resolve(one.lease.isLive())).resolves.toBe(false)
    }
    await one.sync.poll()
    await expect(one.lookup.check(token('a'))).resolves.toMatchObject({ status: 'revoked' })
  })
})

describe('acknowledged changes that a failover lost', () => {
  it('are written again by the engine that made them, once', async () => {
    const { store, one, other } = await two()
    await one.writer.revoke(token('kept'), { reason: 'kept' })
    await one.sync.poll()
    await other.sync.poll()
    const failOver = store.backup()
    await one.writer.revoke(token('a'), { reason: 'lost', actor: 'admin' })
    await one.writer.revokeWhere({ sub: 'u' }, { expiresAt: FAR_FUTURE })
    await other.writer.revoke(token('b'))
    failOver()
    await Promise.all([one.sync.poll(), other.sync.poll()])
    await Promise.all([one.own.rewrite(), other.own.rewrite()])
    expect(one.own.counts).toEqual({ rewritten: 2, pending: 0, lost: 0 })
    expect(other.own.counts).toEqual({ rewritten: 1, pending: 0, lost: 0 })
    expect(one.warnings).toContain(LOST)
    for (const engine of [one, other]) {
      await engine.sync.poll()
      for (const claims of [token('kept'), token('a'), token('b'), { ...token('c'), sub: 'u' }])
        await expect(engine.lookup.check(claims)).resolves.toMatchObject({ status: 'revoked' })
    }
    expect(store.rows.find(({ reason }) => reason === 'lost')).toMatchObject({ actor: 'admin' })
    expect(store.head.seq).toBe(4)
  })

  it('are written again later where the store fails at first', async () => {
    const { store, one } = await two()
    await one.sync.poll()
    const failOver = store.backup()
    await one.writer.revoke(token('a'))
    failOver()
    const write = store.write.bind(store)
    store.write = () => Promise.reject(new Error('read-only for a moment'))
    await one.sync.poll()
    await one.own.rewrite()
    expect(one.own.counts).toEqual({ rewritten: 0, pending: 1, lost: 0 })
    store.write = write
    await one.sync.poll()
    await one.own.rewrite()
    expect(one.own.counts).toEqual({ rewritten: 1, pending: 0, lost: 0 })
    await expect(one.lookup.check(token('a'))).resolves.toMatchObject({ status: 'revoked' })
  })

  it.each(['this engine', 'another engine'])('are not written again if %s took them back', async (who) => {
    const { store, one, other } = await two()
    await one.sync.poll()
    const failOver = store.backup()
    await one.writer.revoke(token('a'))
    await (who === 'this engine' ? one : other).writer.unrevoke(token('a'))
    await one.sync.poll()
    failOver()
    await one.sync.poll()
    await one.own.rewrite()
    await expect(one.lookup.check(token('a'))).resolves.toMatchObject({ status: 'active' })
    expect(one.own.counts).toEqual({ rewritten: 0, pending: 0, lost: who === 'this engine' ? 1 : 0 })
  })

  it('are not written again if taken back before the loss is noticed, or while it is mended', async () => {
    const { store, one } = await two()
    await one.sync.poll()
    const failOver = store.backup()
    await one.writer.revoke(token('a'))
    await one.writer.revoke(token('b'))
    failOver()
    await expect(one.writer.unrevoke(token('a'))).resolves.toMatchObject({ outcome: 'unchanged' })
    await one.sync.poll()
    await expect(one.writer.unrevoke(token('b'))).resolves.toMatchObject({ outcome: 'unrevoked' })
    await one.own.rewrite()
    for (const jti of ['a', 'b'])
      await expect(one.lookup.check(token(jti))).resolves.toMatchObject({ status: 'active' })
  })

  it('do not include an older revocation that was taken back by a poll that came late', async () => {
    // The un-revocation has the smaller number: the revocation came after it.
    const { store, one, other } = await two()
    await one.writer.revoke(token('a'))
    await other.writer.unrevoke(token('a'))
    const failOver = store.backup()
    await one.writer.revoke(token('a'))
    await one.sync.poll()
    failOver()
    await one.sync.poll()
    await one.own.rewrite()
    await expect(one.lookup.check(token('a'))).resolves.toMatchObject({ status: 'revoked' })
  })

  it('are written again although others were committed before the loss was noticed', async () => {
    const { store, one } = await two()
    await one.sync.poll()
    const failOver = store.backup()
    await one.writer.revoke(token('a'))
    failOver()
    await one.writer.revoke(token('b')) // has the number that 'a' had
    await one.writer.revoke(token('c'))
    await one.sync.poll()
    await one.own.rewrite()
    expect(one.own.counts.rewritten).toBe(1)
    for (const jti of ['a', 'b', 'c'])
      await expect(one.lookup.check(token(jti))).resolves.toMatchObject({ status: 'revoked' })
  })

  it('are kept for two minutes, and of very many the newest', async () => {
    const { clock, store, one, other } = await two()
    await one.sync.poll()
    const failOver = store.backup()
    await one.writer.revoke(token('old'))
    clock.advance(120_000)
    const many = Array.from({ length: 20_000 }, (_, i) => ({ jti: `t${i}`, expiresAt: FAR_FUTURE }))
    one.own.note(
      many.map(({ jti }) => {
        const digest = Int32Array.of(Number(jti.slice(1)), 1, 2, 3)
        const target = { kind: 'id', claim: 'jti', id: jti } as const
        const mutation = {
          ...({ op: 'revoke', digest: new Uint8Array(digest.buffer), target } as const),
          ...{ expiresAt: FAR_FUTURE, revokedAt: clock.wall },
        }
        return { mutation, target, digest }
      }),
      {
        epoch: 'lost',
        previous: 'before',
        written: many.map((_, i) => ({ seq: i + 2, expiresAt: FAR_FUTURE, already: false })),
      },
    )
    failOver()
    await other.writer.revoke(token('new'))
    await other.writer.revoke(token('b'))
    store.write = () => Promise.reject(new Error('read-only for a moment'))
    await one.sync.poll()
    expect(one.own.counts).toEqual({ rewritten: 0, pending: 16_384, lost: 20_000 - 16_384 })
  })

  it('are not kept where commits share an epoch', async () => {
    const clock = new ManualClock()
    const store = new ModelStore()
    const one = await engineHarness(store, { clock, maxStalenessMs: 100 })
    const restore = store.backup()
    await one.writer.revoke(token('a'))
    restore()
    await one.sync.poll()
    expect(one.live.rebuilds).toBe(2)
    await expect(one.lookup.check(token('a'))).resolves.toMatchObject({ status: 'active' })
    expect(one.own.counts).toEqual({ rewritten: 0, pending: 0, lost: 0 })
  })
})

describe("the clock of the store's server", () => {
  it('ends the lease when it ran ahead, as it does while this machine is paused', async () => {
    const { clock, store, one } = await two()
    const poll = store.poll.bind(store)
    let pausedMs = 0
    store.gate = () => Promise.resolve()
    store.poll = async (...args) => {
      const answer = await poll(...args)
      return answer.status === 'ok' ? { ...answer, serverTime: clock.wall + pausedMs } : answer
    }
    await one.sync.poll()
    let polls = 0
    const counted = store.poll.bind(store)
    store.poll = (...args) => {
      polls++
      return counted(...args)
    }
    clock.advance(40)
    await one.sync.poll()
    expect(polls).toBe(1)
    pausedMs += 60_000
    clock.advance(40)
    await one.sync.poll()
    // The lease counts from a poll that was sent after the pause was noticed.
    expect(polls).toBe(3)
    expect(one.warnings).toContain(
      "the store's clock ran ahead, as if this machine was paused: the lease ended",
    )
    expect(one.lease.isLive()).toBe(true)
    // A server's clock that was set back, or a server that is slow, shortens nothing.
    pausedMs -= 3_600_000
    await one.sync.poll()
    expect(polls).toBe(4)
    expect(one.lease.ageMs()).toBe(0)
  })
})

describe('the locator', () => {
  it('keeps the newest positions and, before them, fewer and fewer', () => {
    const locator = new Locator()
    for (let seq = 1; seq <= 100_000; seq++) locator.note({ seq, epoch: String(seq) })
    const seqs = locator.since(0).map(({ seq }) => seq)
    expect(seqs.slice(0, 16)).toEqual(Array.from({ length: 16 }, (_, i) => 100_000 - i))
    expect(seqs.length).toBeLessThan(200)
    for (const [i, seq] of seqs.entries())
      expect(100_000 - (seqs[i + 1] ?? 0)).toBeLessThanOrEqual(2 * (100_000 - seq) + 16)
    locator.cutAfter({ seq: 50_000, epoch: '' })
    expect(locator.since(0).every(({ seq }) => seq <= 50_000)).toBe(true)
    expect(locator.since(40_000).every(({ seq }) => seq >= 40_000)).toBe(true)
  })
})
