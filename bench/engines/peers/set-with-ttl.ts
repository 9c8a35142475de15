import type { TokenClaims } from '#dist/index.js'
import { numberOf, type Peer, textOf } from './peer.js'

/**
 * Ids in the process, each with its expiry in seconds: a `Map`, as a `Set` can't hold that. The clock is read
 * for hits only, and a timer removes what has expired; nothing cheaper does the same.
 */
export class SetWithTtl implements Peer {
  readonly name = 'Set with TTL'
  readonly #expiry = new Map<string, number>()
  readonly #sweeping = setInterval(() => this.#sweep(), 60_000).unref()

  revoke(_token: string, claims: TokenClaims): void {
    this.add(textOf(claims, 'jti'), numberOf(claims, 'exp'))
  }

  add(jti: string, expiresAt: number): void {
    this.#expiry.set(jti, expiresAt)
  }

  isRevoked(_token: string, claims: TokenClaims): boolean {
    const expiresAt = this.#expiry.get(textOf(claims, 'jti'))
    return expiresAt !== undefined && expiresAt > Date.now() / 1000
  }

  [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweeping)
    return Promise.resolve()
  }

  #sweep(): void {
    const now = Date.now() / 1000
    for (const [jti, expiresAt] of this.#expiry) if (expiresAt <= now) this.#expiry.delete(jti)
  }
}
