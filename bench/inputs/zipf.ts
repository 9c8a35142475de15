import type { Random } from './random.js'

/**
 * Ranks from 1 to `n`, rank k with a frequency of 1/k^exponent. By rejection-inversion (Hörmann and
 * Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions", 1996), which
 * needs no table: ten million ranks cost as little as ten.
 */
export class Zipf {
  readonly #n: number
  readonly #exponent: number
  readonly #random: Random
  readonly #first: number
  readonly #last: number
  readonly #sure: number

  constructor(n: number, exponent: number, random: Random) {
    this.#n = n
    this.#exponent = exponent
    this.#random = random
    this.#first = this.#integral(1.5) - 1
    this.#last = this.#integral(n + 0.5)
    this.#sure = 2 - this.#inverse(this.#integral(2.5) - this.#density(2))
  }

  next(): number {
    for (;;) {
      const u = this.#last + this.#random.share() * (this.#first - this.#last)
      const x = this.#inverse(u)
      const rank = Math.min(this.#n, Math.max(1, Math.round(x)))
      if (rank - x <= this.#sure || u >= this.#integral(rank + 0.5) - this.#density(rank)) return rank
    }
  }

  #density(x: number): number {
    return Math.exp(-this.#exponent * Math.log(x))
  }

  /** Of the density from 1 to x, in a form that holds at an exponent of 1, too. */
  #integral(x: number): number {
    const log = Math.log(x)
    const power = (1 - this.#exponent) * log
    return log * (Math.abs(power) < 1e-8 ? 1 + power / 2 : Math.expm1(power) / power)
  }

  #inverse(y: number): number {
    const power = Math.max(-1, y * (1 - this.#exponent))
    return Math.exp(y * (Math.abs(power) < 1e-8 ? 1 - power / 2 : Math.log1p(power) / power))
  }
}
