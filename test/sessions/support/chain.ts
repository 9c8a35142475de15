import { expect } from 'vitest'
import type { IssuedClaims } from '#dist/sessions/index.js'
import type { Answer, Begun, PeerStep } from './peers.js'

/** Seconds after a refresh, of the 60 of the window, in which a replay may begin. */
const REPLAY_SECONDS = 20

/** What a step comes to that is not refused. */
const TAKEN: ReadonlySet<string> = new Set(['rotated', 'replayed', 'revoked'])

/** What happens to a session in a round. */
export type Event = 'refresh' | 'replay' | 'late replay' | 'reuse' | 'revoke'

/** A session as its client knows it: every refresh token that it was ever given, and its end. */
export class Chain {
  readonly tokens: string[]
  readonly claims: IssuedClaims[]
  hasEnded = false

  constructor({ refreshToken, claims }: Begun) {
    this.tokens = [refreshToken]
    this.claims = [claims]
  }

  get sid(): string {
    return this.claims[0]?.sid ?? ''
  }

  get sub(): string {
    return this.claims[0]?.sub ?? ''
  }

  /** What one of four processes does. */
  step(event: Event, peer: number): PeerStep {
    if (this.hasEnded) return { token: this.#token(peer) }
    switch (event) {
      case 'refresh':
        return { token: this.#token(0) }
      case 'replay':
        return { token: this.#token(1) }
      case 'late replay':
        return { token: this.#token(peer % 2) }
      case 'reuse':
        return { token: this.#token(2) }
      case 'revoke':
        return peer % 2 === 0 ? { revoke: this.sid } : { token: this.#token(0) }
    }
  }

  /** Whether there are tokens enough for an event, and time enough for a replay. */
  allows(event: Event): boolean {
    if (event === 'replay' && Date.now() / 1000 > (this.claims.at(-1)?.iat ?? 0) + REPLAY_SECONDS)
      return false
    return event === 'refresh' || event === 'revoke' || this.tokens.length > (event === 'reuse' ? 2 : 1)
  }

  /**
   * Judges the answers of a round, and takes the next token over.
   *
   * @param where - the round, for messages
   */
  judge(event: Event, answers: readonly Answer[], where: string): void {
    const why = answers.map(({ is }) => is).filter((is) => !TAKEN.has(is))
    const given = new Set(answers.flatMap(({ refreshToken }) => refreshToken ?? []))
    if (this.hasEnded) {
      expect([[...given], new Set(why)], `${where}: ended stays ended`).toEqual([[], new Set(['ended'])])
      return
    }
    this.#judgeLive(event, { why, given }, where)
    expect(answers.filter(({ is }) => is === 'rotated').length, where).toBeLessThanOrEqual(1)
    this.hasEnded = event === 'reuse' || event === 'revoke' || why.length > 0
    for (const { refreshToken, claims } of answers) {
      if (claims !== undefined) this.claims.push(claims)
      if (refreshToken !== undefined && given.delete(refreshToken)) this.tokens.push(refreshToken)
    }
  }

  /** @param found - why steps were refused, and the tokens that were given: the new ones are left */
  #judgeLive(
    event: Event,
    { why, given }: { why: readonly string[]; given: Set<string> },
    where: string,
  ): void {
    expect(
      why.filter((is) => is !== 'ended' && is !== 'reused'),
      where,
    ).toEqual([])
    if (event === 'refresh' || event === 'replay')
      expect(why, `${where}: signed out within the window`).toEqual([])
    if (event === 'reuse') expect([...given], `${where}: reuse was not noticed`).toEqual([])
    given.delete(this.#token(0)) // what its predecessor was exchanged for
    if (event === 'replay') expect([...given], `${where}: a replay gave another token`).toEqual([])
    expect(given.size, `${where}: two live branches`).toBeLessThanOrEqual(1)
    if (event === 'refresh') expect(given.size, `${where}: no token`).toBe(1)
  }

  /** The token that came so many before the last one. */
  #token(before: number): string {
    return this.tokens.at(-1 - Math.min(before, this.tokens.length - 1)) ?? ''
  }
}
