import { setImmediate } from 'node:timers/promises'
import type { DecidedBy, Revocade, TokenClaims } from '#dist/index.js'
import { type Latencies, newLatencies, nowNs, openLoop } from '../harness/open-loop.js'
import { assertAnswer } from '../harness/types.js'
import { freshClaims } from '../inputs/claims.js'
import type { Random } from '../inputs/random.js'

/** One check in so many is of a revoked token. */
const REVOKED_EVERY = 16
/** Tokens made ahead. */
const AHEAD = 256

/** A token to check, and what must come out. */
interface Probe {
  readonly claims: TokenClaims
  readonly revoked: boolean
  readonly times: Latencies
}

/** What checks took, and who decided those that the filter could not. */
export interface Checked {
  readonly active: Latencies
  readonly revoked: Latencies
  readonly closer: Readonly<Partial<Record<DecidedBy, number>>>
}

/**
 * Checks at a fixed rate, and judges each answer: a revoked token may not be "active", another not "revoked",
 * and none "unknown". Each token is new, as its verifier parsed it, or a new copy of one that is revoked.
 */
export class JudgedChecks {
  /** JSON of the claims of tokens that are revoked by now, as the engine was told, or had to find out. */
  revokedToken: () => string
  count = 0
  readonly #engine: Revocade
  readonly #random: Random
  readonly #ready: TokenClaims[] = []

  constructor(engine: Revocade, random: Random, revokedToken: () => string) {
    this.#engine = engine
    this.#random = random
    this.revokedToken = revokedToken
  }

  /** Checks until `goOn` says no. */
  async run(ratePerSecond: number, goOn: (begun: number) => boolean): Promise<Checked> {
    const [active, revoked] = [newLatencies(), newLatencies()]
    const closer: Partial<Record<DecidedBy, number>> = {}
    this.#stockUp(AHEAD)
    await openLoop<Probe>({
      ratePerSecond,
      now: nowNs,
      turn: () => setImmediate(),
      goOn,
      take: () =>
        this.count++ % REVOKED_EVERY === 0
          ? { claims: JSON.parse(this.revokedToken()) as TokenClaims, revoked: true, times: revoked }
          : { claims: this.#ready.pop() ?? freshClaims(this.#random), revoked: false, times: active },
      operate: (probe) => {
        if (!this.#engine.isClearlyActive(probe.claims)) return this.#lookCloser(probe, closer)
        assertAnswer(!probe.revoked, 'a revoked token is clearly active')
        return undefined
      },
      // Few at a time: a check that comes due meanwhile waits for them.
      spare: () => this.#stockUp(8),
    })
    return { active, revoked, closer }
  }

  async #lookCloser({ claims, revoked }: Probe, closer: Partial<Record<DecidedBy, number>>): Promise<void> {
    const { status, decidedBy } = await this.#engine.check(claims)
    assertAnswer(
      status === (revoked ? 'revoked' : 'active'),
      `a token that is ${revoked ? '' : 'not '}revoked is ${status}`,
    )
    if (!revoked) closer[decidedBy] = (closer[decidedBy] ?? 0) + 1
  }

  #stockUp(atMost: number): void {
    for (let i = 0; i < atMost && this.#ready.length < AHEAD; i++) this.#ready.push(freshClaims(this.#random))
  }
}
