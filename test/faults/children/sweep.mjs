/** Checks between two looks at the clock. */
const CHUNK = 64

/**
 * Many synchronous checks of tokens that nobody changes any more. Of each token that was called active it keeps the
 * check that began last: what a revocation was, it stays, so no earlier one could break a promise that this one keeps.
 */
export class Sweep {
  swept = 0
  /** By token: its claims, and the moments before and after its last check that said "active". */
  #tokens = new Map()
  #engine
  #now

  constructor(engine, now) {
    this.#engine = engine
    this.#now = now
  }

  /** Checks each of these tokens, of which there are always the newest few. */
  pass(engine, tokens, claimsOf) {
    for (let from = 0; from < tokens.length; from += CHUNK) {
      const chunk = tokens.slice(from, from + CHUNK).map((i) => this.#known(i, claimsOf))
      const start = this.#now()
      const active = chunk.filter(({ claims }) => engine.isClearlyActive(claims))
      const end = this.#now()
      for (const token of active) {
        token.start = start
        token.end = end
      }
      this.swept += chunk.length
    }
  }

  #known(i, claimsOf) {
    const known = this.#tokens.get(i)
    if (known !== undefined) return known
    const fresh = { claims: claimsOf(i), start: 0, end: 0 }
    this.#tokens.set(i, fresh)
    return fresh
  }

  /** The checks that could break a promise, since it was last asked. */
  take() {
    const answer = { engine: this.#engine, op: 'check', verdict: 'active', decidedBy: 'prefilter' }
    const lines = [...this.#tokens]
      .filter(([, { end }]) => end > 0)
      .map(([token, { start, end }]) => ({ ...answer, token, sub: token >> 2, start, end }))
    this.#tokens.clear()
    return lines
  }
}
