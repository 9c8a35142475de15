import type { ErrorReport } from '../errors.js'
import { printable } from '../errors.js'

/** Kinds of problems that are counted apart. */
const MAX_KINDS = 50

/** How many keys can't be taken over for one reason. */
export interface KeyProblem extends ErrorReport {
  count: number
}

/** Counts keys that can't be taken over, by the reason: their names may hold tokens, so none is shown. */
export class KeyProblems {
  readonly #problems = new Map<string, KeyProblem>()

  add({ code, message }: ErrorReport): void {
    const known = this.#problems.get(message)
    if (known !== undefined) known.count++
    else if (this.#problems.size < MAX_KINDS)
      this.#problems.set(message, { count: 1, code, message: printable(message) })
  }

  /** The most frequent first; in an order that does not depend on that of the keys. */
  get all(): readonly KeyProblem[] {
    return [...this.#problems.values()].sort((a, b) => b.count - a.count || (a.message < b.message ? -1 : 1))
  }
}
