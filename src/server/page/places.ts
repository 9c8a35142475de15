import type { Login } from './logins.js'

/** How many of something there may be at a time. */
export interface PlaceLimits {
  readonly inAll: number
  /** One admin must not take the places of all others. */
  readonly ofAdmin: number
}

/** The places for something that costs much: so many in all, and so many of one admin. */
export class Places {
  readonly #limits: PlaceLimits
  readonly #taken = new Map<string, number>()

  constructor(limits: PlaceLimits) {
    this.#limits = limits
  }

  get taken(): number {
    return [...this.#taken.values()].reduce((sum, number) => sum + number, 0)
  }

  /** @returns what gives the place back, once; undefined when there is none */
  take({ admin: { name } }: Login): (() => void) | undefined {
    const own = this.#taken.get(name) ?? 0
    if (own >= this.#limits.ofAdmin || this.taken >= this.#limits.inAll) return undefined
    this.#taken.set(name, own + 1)
    let isTaken = true
    return () => {
      if (isTaken) this.#giveBack(name)
      isTaken = false
    }
  }

  #giveBack(name: string): void {
    const left = (this.#taken.get(name) ?? 0) - 1
    if (left > 0) this.#taken.set(name, left)
    else this.#taken.delete(name)
  }
}
