import { BucketVersionTable } from '../../buckets/version-table.js'
import type { BucketSource } from '../../ports/index.js'
import type { RedisConnections } from '../connection/client.js'
import { RedisCommands } from '../connection/commands.js'
import { connectRedis } from '../connection/connect.js'
import { type HealthWarning, readHealth, type RedisHealth, warningsOf } from '../connection/health.js'
import type { RedisSettings } from '../options.js'
import { Keys } from '../prefix-cache/keys.js'
import { FleetStats, type Roll } from './fleet-stats.js'
import { type KeySample, sampleKeys } from './key-sample.js'

/** How long a server that does not answer is waited for at the start, in milliseconds. */
const START_PATIENCE_MS = 500

/** A server as it is seen from here. */
export interface ServerState {
  /** Without user and password. */
  readonly server: string
  readonly state: 'ready' | 'unavailable'
  /** Why it is unavailable. */
  readonly why: string | null
  /** Of the last reply, in milliseconds. */
  readonly roundTripMs: number | null
}

/**
 * Looks at the Redis layer of one store and namespace from outside: its engines, its keys, its server. It is no engine itself, and
 * writes nothing. A server that goes away is found again when it comes back.
 */
export class RedisInspector {
  readonly #connections: RedisConnections
  readonly #commands: RedisCommands
  readonly #keys: Keys
  readonly #rollCall: FleetStats
  #why: string | null = null
  /** Of the last question to the engines: a server that hangs is known by that before the breaker opens. */
  #silence: string | null = null

  /** @throws RevocadeError `ERR_CONFIG` */
  static async connect(settings: RedisSettings, storeId: string, namespace: string): Promise<RedisInspector> {
    const observer = new RedisInspector(
      settings,
      await connectRedis(settings),
      new Keys(settings.keyPrefix, storeId, namespace),
    )
    observer.#rollCall.start()
    await observer.#commands.start(START_PATIENCE_MS)
    return observer
  }

  private constructor({ target, timeoutMs }: RedisSettings, connections: RedisConnections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
    // What the connection says of itself is closer to the cause than what is noticed of it.
    connections.commands.on('error', this.#onError)
    this.#commands = new RedisCommands({
      client: connections.commands,
      timeoutMs,
      mayReconnect: !connections.handedIn,
      onChange: (state, why) => {
        this.#why = state === 'closed' ? null : (this.#why ?? why)
      },
    })
    this.#rollCall = new FleetStats({
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

  /** Never rejects: who does not answer is not in the roll. */
  async askEngines(patienceMs?: number): Promise<Roll> {
    const roll = await this.#rollCall.askEngines(patienceMs)
    this.#silence = roll.failure
    return roll
  }

  /** Rejects where the server can't be asked. */
  async health(): Promise<{ readonly facts: RedisHealth; readonly warnings: readonly HealthWarning[] }> {
    const facts = await readHealth((command, ...args) => this.#commands.send(command, ...args), Date)
    return { facts, warnings: warningsOf(facts) }
  }

  /** Rejects where the server, or the store, can't be asked. */
  async sampleKeys(source: BucketSource): Promise<KeySample> {
    return sampleKeys(this.#commands, this.#keys, new BucketVersionTable(source))
  }

  stop(): void {
    this.#rollCall.stop()
    this.#commands.stop()
    const { commands, handedIn } = this.#connections
    commands.off('error', this.#onError)
    if (!handedIn) commands.disconnect()
  }

  readonly #onError = (error: unknown): void => {
    if (!(error instanceof Error)) return
    // Of several addresses that were tried, Node.js names only the code.
    this.#why = error.message !== '' ? error.message : 'code' in error ? String(error.code) : error.name
  }
}
