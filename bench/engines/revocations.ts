import { setTimeout as wait } from 'node:timers/promises'
import type { Revocade, RevocationInput, TokenClaims } from '#dist/index.js'
import { assertAnswer } from '../harness/types.js'
import { freshClaims, ISSUER } from '../inputs/claims.js'
import type { Random } from '../inputs/random.js'

/** Revokes new tokens while others are checked, and remembers some of those that are revoked. */
export class Revoking {
  /** JSON of the claims of the last ones. */
  readonly done: string[] = []
  count = 0
  readonly #engine: Revocade
  readonly #random: Random

  constructor(engine: Revocade, random: Random) {
    this.#engine = engine
    this.#random = random
  }

  async one(): Promise<void> {
    const claims = freshClaims(this.#random)
    assertAnswer((await this.#engine.revoke(claims)).seq > 0, 'a revocation was not written')
    this.#remember(claims)
  }

  /** So many a second, one after the other in time and not waiting for each other, until told to stop. */
  async steadily(ratePerSecond: number, goOn: () => boolean): Promise<void> {
    const startedAt = performance.now()
    const all: Promise<void>[] = []
    while (goOn()) {
      while (all.length < ((performance.now() - startedAt) / 1000) * ratePerSecond) all.push(this.one())
      await wait(1)
    }
    await Promise.all(all)
  }

  /** So many at once, every so often. */
  async inBursts(size: number, everyMs: number, goOn: () => boolean): Promise<void> {
    while (goOn()) {
      const next = wait(everyMs)
      await Promise.all(Array.from({ length: size }, () => this.one()))
      await next
    }
  }

  /** So many in one call. */
  async many(count: number, expiresAt: number): Promise<void> {
    const random = this.#random
    function* inputs(): Generator<RevocationInput, void, void> {
      for (let i = 0; i < count; i++) yield { iss: ISSUER, jti: random.uuid(), expiresAt }
    }
    assertAnswer((await this.#engine.revokeMany(inputs())).count === count, 'not all were revoked')
  }

  #remember(claims: TokenClaims): void {
    this.done[this.count++ % 4096] = JSON.stringify(claims)
  }
}
