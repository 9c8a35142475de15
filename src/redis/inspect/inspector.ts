import { BucketVersionTable } from '../../buckets/version-table.js'
import type { BucketSource } from '../../ports/index.js'
import type { RedisConnections } from '../connection/client.js'
import { RedisCommands } from '../connection/commands.js'
import { connectRedis } from '../connection/connect.js'
import { readHealth, type RedisHealth } from '../connection/health.js'
import { type HealthWarning, warningsOf } from '../connection/health-warnings.js'
import type { RedisSettings } from '../options.js'
import { Keys } from '../prefix-cache/keys.js'
import { type FleetReport, FleetStats } from './fleet-stats.js'
import { type KeySample, sampleKeys } from './key-sample.js'

/** Longest time that the start waits for the server, in milliseconds. */
const START_PATIENCE_MS = 500

/** The server as seen by this process. */
export interface ServerState {
  /** Without user and password. */
  readonly server: string
  readonly state: 'ready' | 'unavailable'
  /** Why it is unavailable. */
  readonly why: string | null
  /** Round trip of the last reply, in milliseconds. */
  readonly roundTripMs: number | null
}

/**
 * Reads the state of the Redis layer of one store and namespace: its engines, keys and server. It is no
 * engine and writes nothing. It reconnects by itself.
 */
export class RedisInspector {
  readonly #connections: RedisConnections
  readonly #commands: RedisCommands
  readonly #keys: Keys
  readonly #fleet: FleetStats
  #why: string | null = null
  /** Why the last question to the engines failed: it shows that a server hangs before the breaker opens. */
  #silence: string | null = null

  /** @throws {RevocadeError} ERR_CONFIG when ioredis is not installed */
  static async connect(settings: RedisSettings, storeId: string, namespace: string): Promise<RedisInspector> {
    const inspector = new RedisInspector(
      settings,
      await connectRedis(settings),
      new Keys(settings.keyPrefix, storeId, namespace),
    )
    inspector.#fleet.start()
    await inspector.#commands.start(START_PATIENCE_MS)
    return inspector
  }

  private constructor({ target, timeoutMs }: RedisSettings, connections: RedisConnections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
    // An error of the connection names the cause, the breaker only its effect.
    connections.commands.on('error', this.#onError)
    this.#commands = new RedisCommands({
      client: connections.commands,
      timeoutMs,
      mayReconnect: !connections.handedIn,
      onChange: (state, why) => {
        this.#why = state === 'closed' ? null : (this.#why ?? why)
      },
    })
    this.#fleet = new FleetStats({
      subscriber: connections.subscriber,
      commands: this.#commands,
      channel: keys.channel,
      countsListeners: target.kind !== 'cluster' && target.kind !== 'client',
    })
  }

  get server(): ServerState {
    const { breaker, lastRoundTripMs } = this.#commands
    const connected = breaker.state === 'closed'
    const why = connected ? this.#silence : (this.#why ?? 'it does not answer')
    return {
      server: this.#connections.description,
      state: why === null ? 'ready' : 'unavailable',
      why,
      roundTripMs: why === null ? lastRoundTripMs : null,
    }
  }

  /**
   * Asks all engines for their statistics. Never rejects: an engine that does not answer is missing in the
   * report.
   */
  async engineStats(patienceMs?: number): Promise<FleetReport> {
    const report = await this.#fleet.collect(patienceMs)
    this.#silence = report.failure
    return report
  }

  /** Rejects if the server can't be asked. */
  async health(): Promise<{ readonly facts: RedisHealth; readonly warnings: readonly HealthWarning[] }> {
    const facts = await readHealth((command, ...args) => this.#commands.send(command, ...args), Date)
    return { facts, warnings: warningsOf(facts) }
  }

  /** Rejects if the server or the store can't be asked. */
  async sampleKeys(source: BucketSource): Promise<KeySample> {
    return sampleKeys(this.#commands, this.#keys, new BucketVersionTable(source))
  }

  stop(): void {
    this.#fleet.stop()
    this.#commands.stop()
    const { commands, handedIn } = this.#connections
    commands.off('error', this.#onError)
    if (!handedIn) commands.disconnect()
  }

  readonly #onError = (error: unknown): void => {
    if (!(error instanceof Error)) return
    // After trying several addresses, Node.js reports an empty message and a code.
    this.#why = error.message !== '' ? error.message : 'code' in error ? String(error.code) : error.name
  }
}
