import { randomUUID } from 'node:crypto'
import type { Revocade } from '../api.js'
import type { Verifier } from './verifier.js'

/** Whether this server should be asked: it can decide, and it is not about to end. */
export class Readiness {
  readonly #engine: Pick<Revocade, 'check'>
  readonly #verifier: Pick<Verifier, 'problem'> | undefined
  #draining = false

  constructor(engine: Pick<Revocade, 'check'>, verifier: Pick<Verifier, 'problem'> | undefined) {
    this.#engine = engine
    this.#verifier = verifier
  }

  /** From now on it is not ready. */
  drain(): void {
    this.#draining = true
  }

  get draining(): boolean {
    return this.#draining
  }

  /**
   * Checks a token that nobody has, as a request would be, and asks whether there are keys to verify with.
   *
   * @returns why it is not ready; undefined when it is
   */
  async problem(): Promise<string | undefined> {
    if (this.#draining) return 'the server is about to end'
    try {
      const { status } = await this.#engine.check(randomUUID(), { onUnknown: 'throw' })
      return status === 'unknown' ? "the store can't be asked" : await this.#verifier?.problem()
    } catch {
      return "the store can't be asked"
    }
  }
}
