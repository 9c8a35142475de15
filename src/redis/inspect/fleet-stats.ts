import { randomUUID } from 'node:crypto'
import { messageOf } from '../connection/circuit-breaker.js'
import type { RedisClient } from '../connection/client.js'
import type { RedisCommands } from '../connection/commands.js'
import { Subscription } from '../connection/subscription.js'
import { type EngineFigures, readFigures } from './engine-stats-message.js'

/** How long an engine that is well may take to answer, in milliseconds. */
const PATIENCE_MS = 300
/** Answers are short. What is longer, or comes from more engines than anybody has, is somebody else's. */
const MOST_CHARACTERS = 64 * 1024
const MOST_ENGINES = 1000

export interface RollCallDeps {
  /** Not connected yet. It goes on trying by itself. */
  readonly subscriber: RedisClient
  readonly commands: RedisCommands
  /** Where the engines on one store and namespace hear each other. */
  readonly channel: string
  /** False: the server does not know how many heard a message. A node of a cluster knows only of those that listen at it. */
  readonly countsListeners: boolean
}

/** An answer, and when it came, by the monotonic clock in milliseconds. */
export interface Heard {
  readonly at: number
  readonly figures: EngineFigures
}

export interface Roll {
  /** Engines that heard the question. Null: it is not known, or nobody could be asked. */
  readonly reached: number | null
  /** One an engine, in the order of their names. */
  readonly answers: readonly Heard[]
  /** Why nobody could be asked; null where somebody could. */
  readonly failure: string | null
}

/**
 * Asks all engines on one store and namespace for their figures, as often as one likes. Engines answer on a channel that has the
 * asker's name in it, so that no answer goes to anybody else.
 */
export class FleetStats {
  readonly #deps: RollCallDeps
  readonly #asker = randomUUID()
  readonly #answers = new Map<string, Heard>()
  readonly #subscription: Subscription
  /** Called whenever something has come that may be waited for. */
  #notify: () => void = () => undefined

  constructor(deps: RollCallDeps) {
    this.#deps = deps
    this.#subscription = new Subscription({
      client: deps.subscriber,
      channel: `${deps.channel}:${this.#asker}`,
      onMessage: (message) => this.#heard(message),
      onListening: () => this.#notify(),
    })
  }

  start(): void {
    this.#subscription.start()
  }

  /** Resolves when all that were reached have answered, or patience is at its end. Never rejects. */
  async askEngines(patienceMs = PATIENCE_MS): Promise<Roll> {
    const { commands, channel, countsListeners } = this.#deps
    const deadline = performance.now() + patienceMs
    this.#answers.clear()
    if (!(await this.#until(deadline, () => this.#subscription.listening)))
      return { reached: null, answers: [], failure: 'the channel for answers could not be opened' }
    try {
      const heard = await commands.send('PUBLISH', channel, `figures ${this.#asker}`)
      const reached = countsListeners && typeof heard === 'number' ? heard : null
      await this.#until(deadline, () => reached !== null && this.#answers.size >= reached)
      return { reached, answers: this.#sorted(), failure: null }
    } catch (error) {
      return { reached: null, answers: this.#sorted(), failure: messageOf(error) }
    }
  }

  stop(): void {
    this.#subscription.stop()
  }

  #sorted(): Heard[] {
    return [...this.#answers.values()].sort((a, b) => (a.figures.engine < b.figures.engine ? -1 : 1))
  }

  /** Whether something is so before a deadline. */
  async #until(deadline: number, isSo: () => boolean): Promise<boolean> {
    while (!isSo()) {
      const left = deadline - performance.now()
      if (left <= 0) return false
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#notify = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return true
  }

  #heard(message: string): void {
    if (message.length > MOST_CHARACTERS) return
    const figures = readFigures(message)
    if (figures === undefined || (this.#answers.size >= MOST_ENGINES && !this.#answers.has(figures.engine)))
      return
    this.#answers.set(figures.engine, { at: performance.now(), figures })
    this.#notify()
  }
}
