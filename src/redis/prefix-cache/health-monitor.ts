import type { Logger } from '../../ports/index.js'
import type { RedisWarning } from '../../ports/prefix-cache.js'
import { messageOf } from '../connection/circuit-breaker.js'
import type { RedisCommands } from '../connection/commands.js'
import { readHealth, type RedisHealth } from '../connection/health.js'
import { warningsOf } from '../connection/health-warnings.js'

/** Time between two checks of the server, in milliseconds. */
const INTERVAL_MS = 30_000

/** What a {@link HealthMonitor} asks, logs to and calls. */
export interface HealthMonitorDeps {
  readonly commands: RedisCommands
  readonly logger: Logger
  readonly clock: { now(): number }
  /** The server was restarted or replaced. */
  readonly onRestart: () => void
  /** Another check that is made as often. It may reject. */
  readonly alsoCheck: () => Promise<void>
}

/** Checks the server at the start and every 30 seconds, and logs each warning once. */
export class HealthMonitor {
  facts: RedisHealth | null = null
  warnings: readonly RedisWarning[] = []
  readonly #deps: HealthMonitorDeps
  readonly #logged = new Set<string>()
  readonly #timer: NodeJS.Timeout

  constructor(deps: HealthMonitorDeps) {
    this.#deps = deps
    this.#timer = setInterval(() => this.check(), INTERVAL_MS).unref()
  }

  check(): void {
    if (!this.#deps.commands.available) return
    this.#check().catch((error: unknown) =>
      this.#deps.logger.debug({ why: messageOf(error) }, 'the state of Redis could not be read'),
    )
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #check(): Promise<void> {
    const { commands, logger, clock, onRestart, alsoCheck } = this.#deps
    const facts = await readHealth((command, ...args) => commands.send(command, ...args), clock)
    const previous = this.facts ?? undefined
    this.facts = facts
    this.warnings = warningsOf(facts, previous)
    for (const { code, level, message, advice } of this.warnings) {
      if (this.#logged.has(code)) continue
      this.#logged.add(code)
      logger[level]({ code, advice }, message)
    }
    if (previous !== undefined && previous.runId !== facts.runId) onRestart()
    await alsoCheck()
  }
}
