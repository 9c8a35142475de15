import { randomUUID } from 'node:crypto'
import type { Revocade } from '../api.js'
import type { KeysProblem } from './remote-key-set.js'

/** Whether this server should be asked: it can decide, and it is not about to end. */
export class Readiness {
  readonly #engine: Pick<Revocade, 'check'>
  readonly #keysProblem: KeysProblem | undefined
  #draining = false

  /** @param keysProblem - why tokens can't be verified; undefined where that can't be */
  constructor(engine: Pick<Revocade, 'check'>, keysProblem?: KeysProblem) {
    this.#engine = engine
    this.#keysProblem = keysProblem
  }

  /** From now on it is not ready. */
  drain(): void {
    this.#draining = true
  }

  get draining(): boolean {
    return this.#draining
  }

  /**
   * Checks a token that nobody has, as a request would be.
   *
   * @returns why it is not ready; undefined when it is
   */
  async problem(): Promise<string | undefined> {
    if (this.#draining) return 'the server is about to end'
    try {
      const { status } = await this.#engine.check(randomUUID(), { onUnknown: 'throw' })
      if (status === 'unknown') return "the store can't be asked"
    } catch {
      return "the store can't be asked"
    }
    return this.#keysProblem?.()
  }
}
