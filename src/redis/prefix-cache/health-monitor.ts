import type { Logger } from '../../ports/index.js'
import type { RedisWarning } from '../../ports/prefix-cache.js'
import { messageOf } from '../connection/circuit-breaker.js'
import type { RedisCommands } from '../connection/commands.js'
import { readHealth, type RedisHealth, warningsOf } from '../connection/health.js'

/** How often the server is looked at. */
const INTERVAL_MS = 30_000

export interface HealthMonitorDeps {
  readonly commands: RedisCommands
  readonly logger: Logger
  readonly clock: { now(): number }
  /** It is another server, or the same one started anew. */
  readonly onRestart: () => void
  /** Something else to look at. Rejects where it can't be. */
  readonly alsoLook: () => Promise<void>
}

/** Looks at the server at the start and now and then, and says once what should be looked after. */
export class HealthMonitor {
  facts: RedisHealth | null = null
  warnings: readonly RedisWarning[] = []
  readonly #deps: HealthMonitorDeps
  readonly #told = new Set<string>()
  readonly #timer: NodeJS.Timeout

  constructor(deps: HealthMonitorDeps) {
    this.#deps = deps
    this.#timer = setInterval(() => this.look(), INTERVAL_MS).unref()
  }

  look(): void {
    if (!this.#deps.commands.available) return
    this.#look().catch((error: unknown) =>
      this.#deps.logger.debug({ why: messageOf(error) }, 'the state of Redis could not be read'),
    )
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    const { commands, logger, clock, onRestart, alsoLook } = this.#deps
    const facts = await readHealth((command, ...args) => commands.send(command, ...args), clock)
    const previous = this.facts ?? undefined
    this.facts = facts
    this.warnings = warningsOf(facts, previous)
    for (const { code, level, message, advice } of this.warnings) {
      if (this.#told.has(code)) continue
      this.#told.add(code)
      logger[level]({ code, advice }, message)
    }
    if (previous !== undefined && previous.runId !== facts.runId) onRestart()
    await alsoLook()
  }
}
