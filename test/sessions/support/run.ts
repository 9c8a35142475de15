import type fc from 'fast-check'
import type { SessionCommit } from 'revocade/ports'
import { expect } from 'vitest'
import type { Issued, Rotated } from '#dist/sessions/api.js'
import { SessionsContext } from '#dist/sessions/context.js'
import { create } from '#dist/sessions/create.js'
import { revoke } from '#dist/sessions/end.js'
import { RefreshTokens } from '#dist/sessions/refresh-token.js'
import { rotate } from '#dist/sessions/rotate.js'
import { MemoryStore } from '#dist/testing/index.js'
import { type EngineHarness, engineHarness } from '../../support/engine-harness.js'
import { only } from '../../support/interleaving-steps.js'
import { lateStore } from '../../support/late-store.js'
import { ManualClock } from '../../support/time.js'
import { idOf, type Known, Ledger, MAX, SUB } from './ledger.js'

const KEY = new Uint8Array(16).fill(7)
const STALENESS_MS = 100

export type Step =
  | { readonly do: 'create' | 'revokeUser' | 'revokeWhere' | 'poll'; readonly engine: number }
  | {
      readonly do: 'rotate' | 'rotateNewest' | 'revokeLogin' | 'revokeOthers'
      readonly engine: number
      readonly index: number
    }
  | { readonly do: 'clock'; readonly ms: number }
  | { readonly do: 'deliver'; readonly messages: number }

/** What happened in all runs. */
export type Seen = Record<
  'created' | 'rotated' | 'replayed' | 'reused' | 'ended' | 'limit' | 'retries',
  number
>

interface Engine {
  readonly harness: EngineHarness
  readonly context: SessionsContext
}

/** Two engines with sessions on one store, what is under way, and what came of it. */
export class Run {
  readonly #scheduler: fc.Scheduler
  readonly #seen: Seen
  readonly #clock = new ManualClock()
  readonly #store = new MemoryStore()
  readonly #ledger: Ledger
  readonly #tokens = new RefreshTokens(KEY, 'default')
  readonly #engines: Engine[] = []
  readonly #issued: Issued[] = []
  /** The one refresh token of each generation of each session. */
  readonly #byGeneration = new Map<string, string>()
  readonly #polling = [false, false]
  readonly #underWay: Promise<unknown>[] = []

  private constructor(scheduler: fc.Scheduler, replaySeconds: number, seen: Seen) {
    this.#scheduler = scheduler
    this.#ledger = new Ledger(this.#store, this.#clock, replaySeconds)
    this.#seen = seen
  }

  static async open(scheduler: fc.Scheduler, replaySeconds: number, seen: Seen): Promise<Run> {
    const run = new Run(scheduler, replaySeconds, seen)
    const [clock, store] = [run.#clock, run.#store]
    const ignore = (): void => undefined
    const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }
    await store.open({
      ...{ namespace: 'default', secret: KEY, exclusive: false },
      purgeGraceSeconds: 0,
      clock,
      logger,
    })
    const gate = (label: string): Promise<void> => scheduler.schedule(Promise.resolve(), label)
    for (let i = 0; i < 2; i++) {
      const witness = {
        committed: (commit: SessionCommit) => run.#ledger.witness(commit),
        written: () => run.#ledger.witness(),
      }
      const late = lateStore(store, gate, witness)
      const options = { clock, maxStalenessMs: STALENESS_MS, claims: ['sid', 'sub'] }
      const harness = await scheduler.waitFor(engineHarness(late, options))
      const sessionOptions = {
        ...{ idleSeconds: 3600, absoluteSeconds: 3600, replaySeconds },
        perSubject: { max: MAX, atLimit: 'end-oldest' },
      }
      const settings = { ...harness.settings, clockToleranceSeconds: 60 }
      const internals = { settings, store: late, key: KEY, layers: harness }
      const pause = (): Promise<void> => {
        seen.retries++
        return gate('pause')
      }
      run.#engines.push({ harness, context: new SessionsContext(internals, sessionOptions, pause) })
    }
    return run
  }

  async take(step: Step): Promise<void> {
    if (step.do === 'clock') {
      this.#clock.advance(step.ms)
      this.#ledger.clockWasSet()
    } else if (step.do === 'deliver') await this.#deliver(step.messages)
    else this.#underWay.push(this.#start(step))
  }

  /** Lets all come to its end, and looks at what is left. */
  async end(): Promise<void> {
    await this.#scheduler.waitFor(Promise.all(this.#underWay))
    for (const { harness } of this.#engines) await this.#scheduler.waitFor(harness.sync.poll())
    for (const issued of this.#issued) await this.#judgeAccess(issued)
    for (const known of this.#ledger.known.values()) await this.#judgeNewest(known)
    await this.#store.close()
  }

  #start(step: Exclude<Step, { do: 'clock' | 'deliver' }>): Promise<unknown> {
    const engine = this.#engines[step.engine]
    if (engine === undefined) throw new RangeError('there is no such engine')
    const { context, harness } = engine
    switch (step.do) {
      case 'create':
        return this.#create(context)
      case 'revokeUser':
        return this.#revoke(engine, { sub: SUB })
      case 'revokeWhere':
        return harness.writer.revokeWhere({ sub: SUB })
      case 'poll':
        return only(this.#polling, step.engine, () => harness.sync.poll())
      default: {
        const issued = this.#pick(step)
        return issued === undefined ? Promise.resolve() : this.#startOn(step.do, engine, issued)
      }
    }
  }

  #startOn(what: string, engine: Engine, issued: Issued): Promise<unknown> {
    const { sid } = issued.session
    if (what === 'revokeLogin') return this.#revoke(engine, { sid })
    if (what === 'revokeOthers') return this.#revoke(engine, { sub: SUB, except: sid })
    return this.#rotate(engine.context, issued)
  }

  #pick({ do: what, index }: { do: string; index: number }): Issued | undefined {
    return what === 'rotateNewest'
      ? this.#issued.at(-1 - (index % 3))
      : this.#issued[index % this.#issued.length]
  }

  async #create(context: SessionsContext): Promise<void> {
    const issued = await create(context, { sub: SUB }).catch((error: unknown) => {
      // Clocks that differ by more than their tolerance.
      if (reasonOf(error) === 'revoked') return undefined
      throw error
    })
    if (issued === undefined) return
    this.#seen.created++
    this.#seen.limit += issued.ended.length
    this.#note(issued)
  }

  async #rotate(context: SessionsContext, { refreshToken }: Issued): Promise<void> {
    const begun = this.#ledger.tick()
    const token = this.#tokens.read(refreshToken)
    const known = this.#ledger.known.get(idOf(token?.family ?? new Uint8Array()))
    if (token === undefined || known === undefined) throw new Error('nobody knows this token')
    let rotated: Rotated
    try {
      rotated = await rotate(context, refreshToken, {})
    } catch (error) {
      const reason = reasonOf(error)
      if (reason === 'ended') {
        this.#seen.ended++
        expect(known.endedAt, 'refused as ended, and nothing has ended it').toBeLessThan(Infinity)
      } else if (reason === 'reused') {
        this.#seen.reused++
        this.#ledger.judgeReuse(known, token.generation)
      } else throw error
      return
    }
    this.#seen[rotated.replayed ? 'replayed' : 'rotated']++
    expect(known.endedAt, 'S6, S7: a refresh that began after the end gave a token').toBeGreaterThan(begun)
    this.#note(rotated)
  }

  async #revoke({ context, harness }: Engine, what: Parameters<typeof revoke>[1]): Promise<void> {
    const before = this.#ledger.tick()
    await revoke(context, what, {})
    // Read your writes: from now on this engine calls nothing of them active.
    const own = [...this.#ledger.known.values()].filter(({ sid, marked, endedAt }) => {
      const named = 'sid' in what ? sid === what.sid : !('except' in what) || sid !== what.except
      return named && marked && endedAt > before
    })
    for (const { sid } of own) {
      const issued = this.#issued.find(({ session }) => session.sid === sid)
      if (issued === undefined) continue
      const verdict = await harness.lookup.isRevoked(accessOf(issued))
      expect(verdict, 'promise 2: an access token is active after the acknowledgement').toBe(true)
    }
  }

  /** What was handed out is the one token of its generation, and carries a time that revocations reach. */
  #note(issued: Issued): void {
    const { family = new Uint8Array(), generation = -1 } = this.#tokens.read(issued.refreshToken) ?? {}
    const id = `${idOf(family)}:${generation}`
    expect(this.#byGeneration.get(id) ?? issued.refreshToken, 'S1: two successors').toBe(issued.refreshToken)
    this.#byGeneration.set(id, issued.refreshToken)
    this.#issued.push(issued)
  }

  /** Access tokens of what has ended are revoked on both engines, and of no other session. */
  async #judgeAccess(issued: Issued): Promise<void> {
    const { family = new Uint8Array() } = this.#tokens.read(issued.refreshToken) ?? {}
    const known = this.#ledger.known.get(idOf(family))
    // A revocation that knows no sessions reaches what its cutoff reaches, by the clock of its time.
    if (known === undefined || (known.endedAt < Infinity && !known.marked)) return
    for (const { harness } of this.#engines) {
      const revoked = await this.#scheduler.waitFor(harness.lookup.isRevoked(accessOf(issued)))
      expect(revoked, known.marked ? 'S6: active after its end' : 'S8: revoked from the beginning').toBe(
        known.marked,
      )
    }
  }

  /** The newest refresh token of a session that goes on is good: nobody was signed out. */
  async #judgeNewest(known: Known): Promise<void> {
    const text = this.#byGeneration.get(`${known.family}:${known.since.length - 1}`)
    const [engine] = this.#engines
    if (text === undefined || engine === undefined) return
    const last = rotate(engine.context, text, {}).then(() => 'taken', reasonOf)
    expect(await this.#scheduler.waitFor(last)).toBe(known.endedAt < Infinity ? 'ended' : 'taken')
  }

  async #deliver(messages: number): Promise<void> {
    for (let i = 0; i < messages; i++) {
      if (this.#scheduler.count() > 0) await this.#scheduler.waitNext(1)
      // What the message sets going sends its own within a few turns of the microtask queue.
      for (let turn = 0; turn < 30; turn++) await Promise.resolve()
    }
  }
}

const accessOf = ({ claims }: Issued) => ({ ...claims, jti: 'access', exp: claims.iat + 3600 })

const reasonOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'reason' in error ? error.reason : error
