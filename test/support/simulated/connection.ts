/** Waits until the scheduler lets a message pass. */
export type Gate = (label: string) => Promise<void>

/** What a simulated connection needs of the network. */
export interface Network {
  /** Undefined: everything passes at once. */
  gate: Gate | undefined
  /** Milliseconds. */
  readonly now: () => number
}

/**
 * A connection to a simulated server. A question arrives some time after it was sent, is answered at that
 * moment, and its reply arrives later. Where the connection is lost between, who asked is told at once, and
 * what is on its way may still arrive.
 */
export class Connection {
  readonly #network: Network
  readonly #asking = new Set<(error: Error) => void>()
  #lost: Error | undefined
  #swallows = false

  constructor(network: Network) {
    this.#network = network
  }

  get isLost(): boolean {
    return this.#lost !== undefined
  }

  /** @param answer - is told how many milliseconds ago the question was sent */
  ask<T>(label: string, answer: (age: number) => T): Promise<T> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    return new Promise<T>((resolve, reject) => {
      this.#asking.add(reject)
      this.#travel(label, answer).then(
        (value) => {
          if (this.#asking.delete(reject)) resolve(value)
        },
        (error: unknown) => {
          if (this.#asking.delete(reject)) reject(error instanceof Error ? error : new Error(String(error)))
        },
      )
    })
  }

  async #travel<T>(label: string, answer: (age: number) => T): Promise<T> {
    const sentAt = this.#network.now()
    await this.#network.gate?.(`${label}: request`)
    if (this.#swallows) return new Promise<T>(() => undefined)
    try {
      return answer(this.#network.now() - sentAt)
    } finally {
      await this.#network.gate?.(`${label}: reply`)
    }
  }

  /** @param swallows - whether questions are lost as well that have not arrived yet */
  lose(error: Error, swallows: boolean): void {
    this.#lost ??= error
    this.#swallows ||= swallows
    const asking = [...this.#asking]
    this.#asking.clear()
    for (const reject of asking) reject(error)
  }
}
