import { expect } from 'vitest'
import { type Ack, brokenPromise, type Check, type Fact, type Moment } from './promises.js'
import type { ManualClock } from './time.js'

/** What happens in one test, in its order, to be held against the promises. */
export class Recorder {
  readonly facts: Fact[] = []
  readonly acks: Ack[] = []
  readonly checks: Check[] = []
  readonly #clock: Pick<ManualClock, 'wall'>
  #tick = 0

  constructor(clock: Pick<ManualClock, 'wall'>) {
    this.#clock = clock
  }

  now(): Moment {
    return { tick: ++this.#tick, ms: this.#clock.wall }
  }

  /** Makes a revocation under a name of its own, and notes its acknowledgement. */
  async revoke(engine: number, target: string, work: (write: string) => Promise<unknown>): Promise<void> {
    const write = String(++this.#tick)
    await work(write)
    this.acks.push({ engine, target, write, at: this.now() })
  }

  /** The store goes to another state. What is revoked only before or only afterwards is a fact. */
  goBack(standing: () => ReadonlyMap<string, boolean>, goBack: () => void): void {
    const before = standing()
    goBack()
    const after = standing()
    for (const target of new Set([...before.keys(), ...after.keys()])) {
      const revoked = after.get(target) ?? false
      if (revoked !== (before.get(target) ?? false)) this.facts.push({ target, revoked, at: this.now() })
    }
  }

  /** Fails if a check breaks a promise of docs/guarantees.md. `stalenessMs`: Δ. */
  expectPromisesKept(stalenessMs: number): void {
    for (const check of this.checks)
      expect(brokenPromise(check, this.facts, this.acks, stalenessMs)).toBeUndefined()
  }
}
