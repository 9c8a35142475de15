import type { SessionCommit, Target } from 'revocade/ports'
import { expect } from 'vitest'
import { type Family, readFamily } from '#dist/sessions/state.js'
import type { MemoryStore } from '#dist/testing/index.js'
import type { ManualClock } from '../../support/time.js'

/** Logins of a user at once. */
export const MAX = 2
export const SUB = 'alice'

/** What a test knows of a session: when it was found ended, and what each generation was. */
export interface Known {
  readonly family: string
  readonly sid: string
  readonly createdAt: number
  /** The tick of the commit that ended it. */
  endedAt: number
  /** Whether its row says so: its access tokens are then all revoked. */
  marked: boolean
  /** When each generation was committed, in milliseconds by the clock of that time. */
  readonly since: number[]
}

/** What was committed, as the store shows it in the instant of each commit. */
export class Ledger {
  readonly known = new Map<string, Known>()
  readonly #store: MemoryStore
  readonly #clock: ManualClock
  readonly #replaySeconds: number
  #tick = 0
  #highest = 0

  constructor(store: MemoryStore, clock: ManualClock, replaySeconds: number) {
    this.#store = store
    this.#clock = clock
    this.#replaySeconds = replaySeconds
  }

  /** The clock was set: what is decided now may not be committed before it is set again. */
  clockWasSet(): void {
    this.#highest = Math.max(this.#highest, this.#clock.wall)
  }

  /** A moment: later ones are greater. */
  tick(): number {
    return ++this.#tick
  }

  /** A session may be ended by reuse only if the token's successor was used, or its time was over. */
  judgeReuse({ since }: Known, generation: number): void {
    const successor = since[generation + 1]
    expect(successor, 'ended for reuse, and the token was not used').toBeDefined()
    const late = this.#latest >= (successor ?? 0) + this.#replaySeconds * 1000
    expect(since.length > generation + 2 || late, 'ended for a replay within the window').toBe(true)
  }

  /** The latest time that the clock showed. */
  get #latest(): number {
    return Math.max(
      this.#clock.wall,
      ...[...this.known.values()].flatMap(({ since }) => since),
      this.#highest,
    )
  }

  /** Looks at all rows and revocations in the instant of a commit. */
  witness(commit?: SessionCommit): void {
    const tick = this.tick()
    this.#highest = Math.max(this.#highest, this.#clock.wall)
    const cutoff = this.#cutoff()
    const { rows } = this.#store.sessions.list({ sub: SUB }, undefined, Infinity)
    const families = rows.map(readFamily)
    for (const family of families) this.#learn(family, tick, cutoff)
    const sids = this.#endedLogins()
    const half = families.filter(
      (family) => family.ended !== undefined && !sids.has(family.sid) && !isCut(family, cutoff),
    )
    expect(half, 'S5: a session ended, and its access tokens did not').toEqual([])
    const endsAll = commit?.mutations.some(
      (mutation) => mutation.op === 'revoke' && isOfUser(mutation.target),
    )
    const left = endsAll === true ? families.filter(({ ended }) => ended === undefined) : []
    expect(left, 'S8: a login from before the end of all logins goes on').toEqual([])
    const live = families.filter((family) => family.ended === undefined && !isCut(family, cutoff))
    expect(live.length, 'S9: more logins than the limit').toBeLessThanOrEqual(MAX)
  }

  #learn(family: Family, tick: number, cutoff: number): void {
    const id = idOf(family.family)
    const { sid, createdAt, rotatedAt, generation, ended } = family
    const known = this.known.get(id) ?? {
      family: id,
      sid,
      createdAt,
      endedAt: Infinity,
      marked: false,
      since: [],
    }
    this.known.set(id, known)
    known.since[generation] ??= rotatedAt
    known.marked ||= ended !== undefined
    if (ended !== undefined || isCut(family, cutoff)) known.endedAt = Math.min(known.endedAt, tick)
  }

  #cutoff(): number {
    const where = this.#rows().filter(({ target }) => isOfUser(target))
    return Math.max(0, ...where.map(({ issuedThrough = 0 }) => issuedThrough))
  }

  /** The logins that a revocation without cutoff names. */
  #endedLogins(): ReadonlySet<string> {
    const rows = this.#rows().filter(({ issuedThrough }) => issuedThrough === undefined)
    return new Set(
      rows.flatMap(({ target }) => (target.kind === 'selector' ? [String(target.where.sid)] : [])),
    )
  }

  #rows() {
    return this.#store.list({ afterSeq: 0, limit: 10_000 })
  }
}

export const idOf = (family: Uint8Array): string => Buffer.from(family).toString('hex')

const isCut = ({ createdAt }: Pick<Family, 'createdAt'>, cutoff: number): boolean =>
  Math.floor(createdAt / 1000) <= cutoff

const isOfUser = (target: Target): boolean => target.kind === 'selector' && 'sub' in target.where
