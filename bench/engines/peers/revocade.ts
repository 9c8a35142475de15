import type { Revocade, TokenClaims } from '#dist/index.js'
import type { Peer } from './peer.js'

/**
 * This package, as its README uses it: the synchronous question first. Closing the engine is up to its owner.
 */
export class RevocadePeer implements Peer {
  readonly name: string
  readonly #engine: Revocade
  readonly #ask: 'claims' | 'raw JWT'

  constructor(engine: Revocade, ask: 'claims' | 'raw JWT', name = `Revocade, ${ask}`) {
    this.name = name
    this.#engine = engine
    this.#ask = ask
  }

  async revoke(token: string, claims: TokenClaims): Promise<void> {
    await this.#engine.revoke(this.#ask === 'claims' ? claims : token)
  }

  isRevoked(token: string, claims: TokenClaims): boolean | Promise<boolean> {
    const asked = this.#ask === 'claims' ? claims : token
    return this.#engine.isClearlyActive(asked) ? false : this.#engine.isRevoked(asked)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}
