// The checks that a peer records. Of many with the same answer within a few milliseconds it keeps those that could
// break a promise: the "active" that began last, the "revoked" that began last, and the one that ended first.

const QUANTUM_MS = 4

export class Notes {
  #lines = new Map()
  #history = []
  /** Grows with each change of its own: answers before a change and after it are kept apart. */
  #own = 0
  #engine

  constructor(engine) {
    this.#engine = engine
  }

  /** A change or an opening. */
  change(line) {
    this.#own++
    this.#history.push({ engine: this.#engine, ...line })
  }

  begin() {
    this.#own++
  }

  check(token, sub, start, end, verdict, decidedBy) {
    const line = { engine: this.#engine, op: 'check', token, sub, start, end, verdict, decidedBy }
    if (
      verdict === 'unknown' ||
      decidedBy === 'policy' ||
      (verdict === 'revoked' && decidedBy !== 'store' && decidedBy !== 'cache')
    ) {
      this.#history.push(line)
      return
    }
    const key = `${token}:${Math.floor(start / QUANTUM_MS)}:${this.#own}:${verdict}`
    const kept = this.#lines.get(key)
    if (kept === undefined) {
      this.#lines.set(key, { last: line, first: line })
    } else {
      if (start > kept.last.start) kept.last = line
      if (end < kept.first.end) kept.first = line
    }
  }

  /** All since it was last asked. */
  take() {
    for (const { last, first } of this.#lines.values()) {
      this.#history.push(last)
      if (first !== last && last.verdict === 'revoked') this.#history.push(first)
    }
    const history = this.#history
    this.#history = []
    this.#lines = new Map()
    return history
  }
}
