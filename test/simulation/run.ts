import { setImmediate as turn } from 'node:timers/promises'
import type fc from 'fast-check'
import type { RevocationStore, Target } from 'revocade'
import { expect, vi } from 'vitest'
import { targetToJson } from '#dist/store/format/target.js'
import { openStore } from '#dist/testing/store/fixtures.js'
import { type EngineHarness, engineHarness } from '../support/engine-harness.js'
import { type Action, only, type Step } from '../support/interleaving-steps.js'
import { Recorder } from '../support/recorder.js'
import type { Network } from '../support/simulated/connection.js'
import type { HeldRow, History } from '../support/simulated/history.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

/** Δ, in milliseconds. */
const STALENESS_MS = 100
/** The shortest that the stores accept: waits of a plan let some pass. */
export const TIMEOUTS = { writeTimeoutMs: 100, readTimeoutMs: 50 } as const
const STEP_MS = 25

const TOKENS = ['a', 'b', 'c'].map((jti) => ({ jti, sub: 'alice', exp: FAR_FUTURE }))
const ALICE: Target = { kind: 'selector', where: { sub: 'alice' } }
const targetOf = (jti: string): string => targetToJson({ kind: 'id', claim: 'jti', id: jti })

/** One process: its store, and its side of the network. */
export interface Process {
  readonly store: RevocationStore
  cut(swallows: boolean): void
}

type Followed = Pick<History<HeldRow>, 'rows' | 'backup' | 'onChange' | 'counts' | 'oldest'>

/** A server, and what connects a process to it. */
export interface Simulated {
  readonly history: Followed
  connect(network: Network): Process
}

/** What the runs of a property came across: it is no use if they never get to the interesting places. */
export type Seen = Record<
  'active' | 'revoked' | 'unknown' | 'acknowledged' | 'rejected' | 'cuts' | 'again' | 'late',
  number
>

/** Two engines on one simulated server, what is under way, and the history so far. */
export class SimulatedRun {
  readonly #scheduler: fc.Scheduler
  readonly #seen: Seen
  readonly #clock: ManualClock
  readonly #history: Followed
  readonly #states: (() => void)[] = []
  readonly #processes: Process[] = []
  readonly #engines: EngineHarness[] = []
  readonly #recorder: Recorder
  readonly #polling = [false, false]
  readonly #underWay: Promise<unknown>[] = []
  #failedOver = false

  private constructor(scheduler: fc.Scheduler, seen: Seen, clock: ManualClock, server: Simulated) {
    this.#scheduler = scheduler
    this.#seen = seen
    this.#clock = clock
    this.#recorder = new Recorder(clock)
    this.#history = server.history
  }

  static async open(
    scheduler: fc.Scheduler,
    simulate: (clock: ManualClock) => Simulated,
    seen: Seen,
  ): Promise<SimulatedRun> {
    const clock = new ManualClock()
    const server = simulate(clock)
    const run = new SimulatedRun(scheduler, seen, clock, server)
    const network: Network = { gate: undefined, now: clock.now }
    const options = { clock, maxStalenessMs: STALENESS_MS, prefilter: { kind: 'exact' } } as const
    for (let i = 0; i < 2; i++) {
      const process = server.connect(network)
      await openStore(process.store, { clock })
      run.#processes.push(process)
      run.#engines.push(await engineHarness(process.store, options))
    }
    network.gate = (label) => scheduler.schedule(Promise.resolve(), label)
    const recorder = run.#recorder
    server.history.onChange = ({ target, revoked, reason }) =>
      void recorder.facts.push({ target, revoked, write: revoked ? reason : undefined, at: recorder.now() })
    return run
  }

  async take(step: Step): Promise<void> {
    this.#states.push(this.#history.backup())
    if (step.do === 'failOver') this.#failOver(step.back)
    else if (step.do === 'cut') this.#cut(step.engine, step.swallows)
    else if (step.do === 'wait') this.#wait(step.ms)
    else if (step.do === 'deliver') await this.#deliver(step.messages)
    else this.#underWay.push(this.#start(step))
    await turn()
  }

  /** Lets all come to its end, and holds it against the promises. */
  async end(): Promise<void> {
    await this.#settled(Promise.all(this.#underWay))
    const { facts, acks } = this.#recorder
    this.#recorder.expectPromisesKept(STALENESS_MS)
    for (const { write, at } of acks) {
      const commits = facts.filter((fact) => fact.write === write)
      expect(
        commits.some((fact) => fact.at.tick < at.tick),
        `1: ${write} acknowledged, not committed`,
      ).toBe(true)
      // After a failover an engine writes again what was lost.
      if (!this.#failedOver) expect(commits.length, `once: ${write}`).toBe(1)
    }
    expect(this.#history.oldest, 'a commit after its time').toBeLessThanOrEqual(TIMEOUTS.writeTimeoutMs)
    for (const { store } of this.#processes) await this.#settled(store.close())
    this.#seen.again += this.#history.counts.again
    this.#seen.late += this.#history.counts.late
  }

  /** Lets messages arrive and time pass until something is over. */
  async #settled(work: Promise<unknown>): Promise<void> {
    const state = { isOver: false }
    void work.then(() => (state.isOver = true))
    for (let tries = 0; !state.isOver && tries < 1000; tries++) {
      await this.#deliver(1000)
      this.#wait(STEP_MS)
      await turn()
      await turn()
    }
    expect(state.isOver, 'everything comes to its end').toBe(true)
  }

  #wait(ms: number): void {
    this.#clock.advance(ms)
    vi.advanceTimersByTime(ms)
  }

  #cut(engine: number, swallows: boolean): void {
    this.#seen.cuts++
    this.#processes[engine]?.cut(swallows)
  }

  /** The server goes back to an earlier state. What was on its way to the old one is lost. */
  #failOver(back: number): void {
    const standing = (): Map<string, boolean> =>
      new Map([...this.#history.rows.values()].map(({ target, revoked }) => [target, revoked]))
    this.#failedOver = true
    this.#recorder.goBack(standing, () => {
      for (const [engine] of this.#processes.entries()) this.#cut(engine, true)
      this.#states.at(-1 - back)?.()
    })
  }

  async #deliver(messages: number): Promise<void> {
    for (let i = 0; i < messages && this.#scheduler.count() > 0; i++) {
      await this.#scheduler.waitNext(1)
      // What the message sets going sends its own before the next turn.
      await turn()
    }
  }

  #start(step: Action): Promise<unknown> {
    const { engine } = step
    const harness = required(this.#engines[engine])
    const { store } = required(this.#processes[engine])
    const token = required(TOKENS['token' in step ? step.token : 0])
    const { writer, sync, live } = harness
    switch (step.do) {
      case 'revoke':
        return this.#revoke(engine, targetOf(token.jti), (reason) => writer.revoke(token, { reason }))
      case 'unrevoke':
        return writer.unrevoke(token).catch(() => undefined)
      case 'revokeWhere':
        return this.#revoke(engine, targetToJson(ALICE), (reason) =>
          writer.revokeWhere({ sub: 'alice' }, { reason }),
        )
      case 'unrevokeWhere':
        return writer.unrevokeWhere({ sub: 'alice' }).catch(() => undefined)
      case 'poll':
        return only(this.#polling, engine, () => sync.poll().catch(() => undefined))
      case 'rebuild':
        return live.rebuild(store).catch(() => undefined)
      case 'check':
      case 'ask':
        return this.#check(harness, engine, token)
    }
  }

  async #revoke(engine: number, target: string, work: (reason: string) => Promise<unknown>): Promise<void> {
    try {
      await this.#recorder.revoke(engine, target, work)
      this.#seen.acknowledged++
    } catch {
      this.#seen.rejected++
    }
  }

  async #check({ lookup }: EngineHarness, engine: number, token: (typeof TOKENS)[number]): Promise<void> {
    const recorder = this.#recorder
    const start = recorder.now()
    const { status } = await lookup.check(token)
    this.#seen[status]++
    const targets = [targetOf(token.jti), targetToJson(ALICE)]
    recorder.checks.push({ engine, targets, start, end: recorder.now(), status })
  }
}

function required<T>(found: T | undefined): T {
  if (found === undefined) throw new RangeError('there is no such engine, or token')
  return found
}
