import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RevocadeOptions } from 'revocade'
import { describe, expect, it } from 'vitest'
import { createPrefilter } from '#dist/prefilter/create.js'
import { decodeSnapshot, encodeSnapshot } from '#dist/prefilter/snapshot.js'
import { open, verdict } from '../support/engine.js'
import { engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { temporaryDirectory } from '../support/temp.js'
import { FAR_FUTURE, ManualClock, until } from '../support/time.js'

const HOUR = 3_600_000

/** A store with one revocation that lives for half an hour more, and engines on it that share a clock. */
async function fleet() {
  const [folder, clock] = [temporaryDirectory(), new ManualClock()]
  const start = (options: RevocadeOptions = {}) =>
    open({ store: join(folder, 'store.db'), clock, claims: ['sub'], ...options })
  const short = { jti: 'short', exp: clock.wall / 1000 + 1800 }
  const alice = { jti: 'other', sub: 'alice', exp: FAR_FUTURE }
  const writer = await start({ snapshot: false })
  await writer.revoke(short)
  await writer.revokeWhere({ sub: 'alice' }, { expiresAt: short.exp })
  await writer.close()
  const snapshots = (): string[] =>
    readdirSync(folder)
      .filter((name) => name.includes('-l0-'))
      .map((name) => join(folder, name))
  /** What the next start answers for the two revocations. */
  const answers = async (options?: RevocadeOptions): Promise<{ verdicts: string[]; rebuilds: number }> => {
    const engine = await start(options)
    const { rebuilds } = engine.stats().prefilter
    const verdicts = [await verdict(engine, short), await verdict(engine, alice)]
    await engine.close()
    return { verdicts, rebuilds }
  }
  return { clock, start, snapshots, answers }
}

describe('a snapshot of the prefilter', () => {
  it.each(['at the next start', 'before the snapshot is written'])(
    'is not believed if the clock was ahead when its filter was filled, and set back %s',
    async (when) => {
      const { clock, start, answers } = await fleet()
      clock.wall += 3 * HOUR
      const engine = await start()
      if (when === 'at the next start') await engine.close()
      clock.wall -= 3 * HOUR
      await engine.close()
      expect(await answers()).toEqual({ verdicts: ['revoked', 'revoked'], rebuilds: 1 })
      expect(await answers()).toEqual({ verdicts: ['revoked', 'revoked'], rebuilds: 0 })
    },
  )

  it('is believed after steps of the clock that its filter covers', async () => {
    const { clock, start, answers } = await fleet()
    const engine = await start()
    clock.wall += 3 * HOUR
    await engine.close()
    clock.wall -= 3.4 * HOUR
    expect(await answers()).toEqual({ verdicts: ['revoked', 'revoked'], rebuilds: 0 })
  })

  it('is not believed under the name of a snapshot that was made with another tolerance', async () => {
    const { clock, start, snapshots, answers } = await fleet()
    clock.advance(2 * HOUR)
    const large = { clockToleranceSeconds: 86_400 }
    await (await start(large)).close()
    const [name = ''] = snapshots()
    await (await start()).close()
    const other = snapshots().find((path) => path !== name) ?? ''
    renameSync(other, name)
    expect(await answers(large)).toEqual({ verdicts: ['revoked', 'revoked'], rebuilds: 1 })
  })

  it('is not believed if it does not say what was left out, as those of earlier versions', async () => {
    const { clock, start, snapshots, answers } = await fleet()
    await (await start()).close()
    const [path = ''] = snapshots()
    const { meta } = await decodeSnapshot(readFileSync(path))
    const made = JSON.parse(Buffer.from(meta).toString()) as Record<string, unknown>
    expect(made.leftOutUpTo).toBe(Math.floor(clock.wall / 1000) - 3660)
    const old = Buffer.from(JSON.stringify({ ...made, leftOutUpTo: undefined, oldestKept: 0 }))
    writeFileSync(path, encodeSnapshot(await createPrefilter({ kind: 'bloom' }), old))
    expect(await answers()).toEqual({ verdicts: ['revoked', 'revoked'], rebuilds: 1 })
  })
})

describe('a prefilter that was rebuilt while the clock was ahead', () => {
  const rebuiltAhead = async (aheadMs: number) => {
    const [clock, store] = [new ManualClock(), new ModelStore()]
    const harness = await engineHarness(store, { clock, maxStalenessMs: 100 })
    const token = { jti: 'short', exp: clock.wall / 1000 + 600 }
    await harness.writer.revoke(token)
    clock.wall += aheadMs
    await harness.sync.poll()
    await harness.live.rebuild(store)
    expect(harness.live.prefilter.entries).toBe(0)
    return { ...harness, clock, store, token }
  }

  it('is rebuilt again when the clock is set back by many small steps', async () => {
    const { clock, sync, lookup, token } = await rebuiltAhead(1.5 * HOUR)
    for (let step = 0; step < 6; step++) {
      clock.wall -= HOUR / 4
      await sync.poll()
    }
    await expect(lookup.isRevoked(token)).resolves.toBe(true)
  })

  it('is not put into use if the clock is set back before its scan ends', async () => {
    const { clock, store, live, sync, lookup, token } = await rebuiltAhead(3 * HOUR)
    await sync.poll()
    store.gate = (label) => {
      if (label === 'scan: reply') clock.wall -= 3 * HOUR
      store.gate = undefined
      return Promise.resolve()
    }
    await live.rebuild(store)
    expect(live.prefilter.entries).toBe(1)
    await expect(lookup.isRevoked(token)).resolves.toBe(true)
  })

  it('looks for the selectors that live again', async () => {
    const [clock, store] = [new ManualClock(), new ModelStore()]
    const { writer, live, sync } = await engineHarness(store, { clock, maxStalenessMs: 100 })
    await writer.revokeWhere({ sub: 'alice' }, { expiresAt: clock.wall / 1000 + 600 })
    clock.wall += 3 * HOUR
    await sync.poll()
    expect(live.liveSelectors).toEqual([])
    clock.wall -= 3 * HOUR
    await sync.poll()
    expect(live.liveSelectors.map(({ names }) => names)).toEqual([['sub']])
  })
})

it('a store file that was away while the clock was set back is followed again', async () => {
  const [folder, clock] = [temporaryDirectory(), new ManualClock()]
  const path = join(folder, 'store.db')
  const engine = await open({ store: path, clock, snapshot: false, maxStalenessMs: 30 })
  const token = { jti: 'short', exp: clock.wall / 1000 + 1800 }
  await engine.revoke(token)
  clock.wall += 3 * HOUR
  await engine.close()
  const later = await open({ store: path, clock, snapshot: false, maxStalenessMs: 30 })
  renameSync(path, `${path}.away`)
  clock.wall -= 3 * HOUR
  await until('the store is missed', () => later.stats().store.fault !== null)
  expect(await verdict(later, token)).not.toBe('active')
  renameSync(`${path}.away`, path)
  await until('it is followed again', () => later.stats().lease.live)
  expect(await verdict(later, token)).toBe('revoked')
  expect(await verdict(later, { jti: 'other' })).toBe('active')
})
