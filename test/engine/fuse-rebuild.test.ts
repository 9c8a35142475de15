import { join } from 'node:path'
import fc from 'fast-check'
import type { RevocationStore, ScanChunk, ScanEnd } from 'revocade/ports'
import { someDigests } from 'revocade/testing'
import { describe, expect, it } from 'vitest'
import { createCollector } from '#dist/engine/fuse-collector.js'
import { LivePrefilter } from '#dist/engine/live-prefilter.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import { revoke } from '#dist/testing/store/fixtures.js'
import { TokenDigester } from '#dist/token/identify.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'
import { ManualClock } from '../support/time.js'

const silent = (): void => undefined
const logger = { debug: silent, info: silent, warn: silent, error: silent }
const GRACE_SECONDS = 60

async function livePrefilter(clock: { now(): number }): Promise<LivePrefilter> {
  const key = new Uint8Array(16)
  const digester = new TokenDigester({ key, namespace: 'default', idClaims: ['jti'], maxTokenBytes: 16_384 })
  const prefilter = { kind: 'fuse' } as const
  const options = {
    prefilter,
    selectors: [],
    clockToleranceSeconds: 0,
    graceSeconds: GRACE_SECONDS,
    clock,
    logger,
  }
  return new LivePrefilter(options, digester, await createPrefilter(prefilter))
}

interface Row {
  readonly digest: Int32Array
  readonly expiresAt: number
}

function chunkOf(rows: readonly Row[]): ScanChunk {
  const digests = Int32Array.from(rows.flatMap(({ digest }) => [...digest]))
  return { total: rows.length, digests, expiresAt: Float64Array.from(rows, ({ expiresAt }) => expiresAt) }
}

/** A store whose scans take their snapshot, and deliver, when the scheduler says so. */
class SlowStore {
  readonly rows: Row[] = []
  readonly #scheduler: fc.Scheduler

  constructor(scheduler: fc.Scheduler) {
    this.#scheduler = scheduler
  }

  /** With a thread: it has a `collect`, which runs the collector. */
  view(withThread: boolean): RevocationStore {
    const scan = (liveAfter: number) => this.#scan(liveAfter)
    const collect = async (liveAfter: number, { options }: { readonly options: unknown }) => {
      const collector = createCollector(options)
      const rows = scan(liveAfter)
      let step = await rows.next()
      for (; step.done !== true; step = await rows.next()) collector.add(step.value)
      const built = collector.finish()
      for (;;) {
        const { done, value } = built.next()
        if (done === true) return { value: value.value, end: step.value }
      }
    }
    return (withThread ? { scan, collect } : { scan }) as unknown as RevocationStore
  }

  async *#scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void> {
    await this.#scheduler.schedule(Promise.resolve(), 'snapshot')
    const rows = this.rows.filter(({ expiresAt }) => expiresAt > liveAfter)
    await this.#scheduler.schedule(Promise.resolve(), 'chunk')
    yield chunkOf(rows)
    await this.#scheduler.schedule(Promise.resolve(), 'end')
    return { position: { seq: rows.length, epoch: 'a' }, selectors: [] }
  }
}

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom('commit' as const, 'announce' as const, 'acknowledge' as const) }),
    fc.record({ do: fc.constant('rebuild' as const) }),
    fc.record({ do: fc.constant('deliver' as const), messages: fc.nat(3) }),
    fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: -40, max: 90 }) }),
  ),
  { minLength: 10, maxLength: 80, size: 'max' },
)

describe('LivePrefilter with a base', () => {
  it.each([
    ['in the thread of the store', true],
    ['in slices', false],
  ])('LivePrefilter lacks nothing at any instant of a rebuild %s', async (_, withThread) => {
    let [rebuilds, meanwhile] = [0, 0]
    const digests = someDigests(3, 100)
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, async (scheduler, plan) => {
        const clock = new ManualClock()
        const live = await livePrefilter(clock)
        const store = new SlowStore(scheduler)
        const view = store.view(withThread)
        const [known, unacknowledged]: [Row[], Row[]] = [[], []]
        const state = { next: 0, rebuilding: false }
        const running: Promise<unknown>[] = []
        const row = (): Row => ({
          digest: digests[state.next++ % digests.length] ?? new Int32Array(4),
          expiresAt: clock.now() / 1000 + 100,
        })
        const rebuild = (): void => {
          if (state.rebuilding) return
          state.rebuilding = true
          const end = live.rebuild(view).finally(() => (state.rebuilding = false))
          running.push(end)
        }
        const acknowledge = (one: Row | undefined): void => {
          if (one === undefined) return
          live.add(one.digest, one.expiresAt)
          known.push(one)
          if (state.rebuilding) meanwhile++
        }
        const take = async (step: (typeof plan)[number]): Promise<void> => {
          if (step.do === 'wait') clock.advance(step.seconds * 1000)
          else if (step.do === 'rebuild') rebuild()
          else if (step.do === 'acknowledge') acknowledge(unacknowledged.shift())
          else if (step.do === 'deliver') {
            for (let i = 0; i < step.messages && scheduler.count() > 0; i++) await scheduler.waitNext(1)
            for (let turn = 0; turn < 20; turn++) await Promise.resolve()
          } else {
            const one = row()
            // The engine adds a revocation before it commits it, and once more when it is committed.
            if (step.do === 'announce') live.add(one.digest, one.expiresAt)
            store.rows.push(one)
            unacknowledged.push(one)
          }
        }
        const check = (): void => {
          if (live.mayLackLive) return
          const oldest = clock.now() / 1000 - GRACE_SECONDS / 2
          const lacking = known.filter(
            ({ digest, expiresAt }) => expiresAt > oldest && !live.prefilter.has(digest),
          )
          expect(lacking).toHaveLength(0)
        }
        for (const step of plan) {
          await take(step)
          check()
        }
        await scheduler.waitFor(Promise.all(running))
        check()
        rebuilds += live.rebuilds
      }),
      { numRuns: 300 },
    )
    expect(rebuilds).toBeGreaterThan(100)
    expect(meanwhile).toBeGreaterThan(100)
  })

  it('LivePrefilter makes the base anew past a share of it, and when a quarter has expired', async () => {
    const clock = new ManualClock()
    const live = await livePrefilter(clock)
    const now = clock.now() / 1000
    const rows = someDigests(1, 20_000).map((digest, i) => ({
      digest,
      expiresAt: now + (i % 3 === 0 ? 600 : 7200),
    }))
    const store = new SlowStore(fc.sample(fc.scheduler(), 1)[0] as fc.Scheduler)
    const scan = async function* (liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void> {
      await Promise.resolve()
      yield chunkOf(store.rows.filter(({ expiresAt }) => expiresAt > liveAfter))
      return { position: { seq: 1, epoch: 'a' }, selectors: [] }
    }
    const view = { scan } as unknown as RevocationStore
    store.rows.push(...rows)
    await live.rebuild(view)
    expect(live.prefilter.entries).toBe(20_000)
    expect(live.sweep()).toBe(false)
    const later = someDigests(2, 9300)
    for (const digest of later.slice(0, 9000)) live.add(digest, now + 7200)
    expect(live.sweep()).toBe(false)
    for (const digest of later.slice(9000)) live.add(digest, now + 7200)
    expect(live.sweep()).toBe(true)
    await live.rebuild(view)
    expect(live.sweep()).toBe(false)
    clock.advance(2000 * 1000)
    expect(live.sweep()).toBe(true)
    await live.rebuild(view)
    expect(live.prefilter.entries).toBe(rows.filter((_, i) => i % 3 !== 0).length)
  })

  it('LivePrefilter has what an SQLite store holds, and what came during the scan', async () => {
    const store = await open(join(temporaryDirectory(), 'store.db'))
    const mutations = Array.from({ length: 30_000 }, (_, n) => revoke(n))
    await store.write(mutations)
    const live = await livePrefilter({ now: () => 0 })
    const meanwhile = someDigests(9, 50)
    const rebuilt = live.rebuild(store)
    for (const digest of meanwhile) {
      live.add(digest, 1e9)
      await new Promise(setImmediate)
    }
    expect((await rebuilt).seq).toBe(30_000)
    const held = mutations.map(({ digest }) => new Int32Array(Uint8Array.from(digest).buffer))
    expect([...held, ...meanwhile].filter((digest) => !live.prefilter.has(digest))).toHaveLength(0)
    expect(live.prefilter.entries).toBe(30_050)
    // Less than bloom's 44 bits an entry: 18.9 of the base, and 32 KiB.
    expect(live.prefilter.bytes).toBeLessThan(30_000 * 2.6 + 33_000)
    await store.close()
  })

  it('a rebuild whose store is closed rejects, and leaves the filter as it was', async () => {
    const store = await open(join(temporaryDirectory(), 'store.db'))
    await store.write(Array.from({ length: 30_000 }, (_, n) => revoke(n)))
    const live = await livePrefilter({ now: () => 0 })
    const [before] = someDigests(5, 1)
    if (before === undefined) throw new Error('there is one')
    live.add(before, 1e9)
    const rebuilt = live.rebuild(store)
    const failed = expect(rebuilt).rejects.toMatchObject({ name: 'RevocadeError' })
    await store.close()
    await failed
    expect(live.prefilter.has(before)).toBe(true)
    expect(live.rebuilds).toBe(0)
  })
})
