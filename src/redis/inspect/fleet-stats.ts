import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../connection/circuit-breaker.js'
import type { RedisClient } from '../connection/client.js'
import type { RedisCommands } from '../connection/commands.js'
import { Subscription } from '../connection/subscription.js'
import { type EngineStats, readEngineStats } from './engine-stats-message.js'

/** Longest time that the engines have to answer, in milliseconds. */
const PATIENCE_MS = 300
/** Anybody on the server can send answers: longer ones, and those of more engines, are ignored. */
const MAX_ANSWER_CHARACTERS = 64 * 1024
const MAX_ENGINES = 1000

/** What {@link FleetStats} sends and receives with. */
export interface FleetStatsDeps {
  /** Not connected yet. It reconnects by itself. */
  readonly subscriber: RedisClient
  readonly commands: RedisCommands
  /** The channel of the engines on one store and namespace. */
  readonly channel: string
  /** False: the server can't count who received a message. A cluster node counts its own subscribers only. */
  readonly countsListeners: boolean
}

/** An engine's answer. `at`: when it arrived, by `performance.now()`. */
export interface EngineReply {
  readonly at: number
  readonly figures: EngineStats
}

/** The answers of all engines to one question. */
export interface FleetReport {
  /** Engines that received the question; null if that is not known. */
  readonly reached: number | null
  /** One for each engine, sorted by name. */
  readonly answers: readonly EngineReply[]
  /** Why the question could not be sent; null if it was sent. */
  readonly failure: string | null
}

/**
 * Asks all engines on one store and namespace for their statistics. They answer on a channel that bears the
 * name of this asker, so that no answer reaches another one.
 */
export class FleetStats {
  readonly #deps: FleetStatsDeps
  readonly #asker = randomUUID()
  readonly #answers = new Map<string, EngineReply>()
  readonly #subscription: Subscription
  /** Called when an answer arrives or the subscription begins. */
  #notify: () => void = () => undefined

  constructor(deps: FleetStatsDeps) {
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

  /**
   * Resolves when all engines that received the question have answered, or after `patienceMs`. Never rejects.
   */
  async collect(patienceMs = PATIENCE_MS): Promise<FleetReport> {
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

  #sorted(): EngineReply[] {
    return [...this.#answers.values()].sort((a, b) => (a.figures.engine < b.figures.engine ? -1 : 1))
  }

  /** Whether a condition holds before a deadline. */
  async #until(deadline: number, holds: () => boolean): Promise<boolean> {
    while (!holds()) {
      const left = deadline - performance.now()
      if (left <= 0) return false
      const changed = new AbortController()
      this.#notify = () => changed.abort()
      await sleep(left, undefined, { signal: changed.signal }).catch(() => undefined)
    }
    return true
  }

  #heard(message: string): void {
    if (message.length > MAX_ANSWER_CHARACTERS) return
    const figures = readEngineStats(message)
    if (figures === undefined || (this.#answers.size >= MAX_ENGINES && !this.#answers.has(figures.engine)))
      return
    this.#answers.set(figures.engine, { at: performance.now(), figures })
    this.#notify()
  }
}
