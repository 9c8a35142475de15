import { BucketVersionTable } from '../buckets/version-table.js'
import { RevocadeError } from '../errors.js'
import type { BucketSource } from '../ports/bucket-source.js'
import type { Logger, RevocationStore } from '../ports/index.js'
import type { RedisStats } from '../ports/prefix-cache.js'
import type { RedisConnections } from './connection/client.js'
import { RedisCommands } from './connection/commands.js'
import { connectRedis } from './connection/connect.js'
import type { RedisSettings } from './options.js'
import { Keys } from './prefix-cache/keys.js'
import { RedisNotifier } from './prefix-cache/notifier.js'
import { RedisPrefixCache } from './prefix-cache/redis-prefix-cache.js'

/** Longest time that the start of an engine waits for the server, in milliseconds. */
const START_PATIENCE_MS = 500

/** What is known once the store is open. */
export interface RedisLayerContext {
  readonly storeId: string
  readonly namespace: string
  readonly logger: Logger
  readonly clock: { now(): number }
}

/** The context, the options and the connections of a {@link RedisLayer}. */
export interface RedisLayerDeps
  extends RedisLayerContext, Pick<RedisSettings, 'timeoutMs' | 'keyPrefix' | 'reads'> {
  readonly connections: RedisConnections
  readonly source: BucketSource
}

/**
 * Creates the connections without connecting, so that wrong options are reported before the store is opened.
 *
 * @returns a function that creates the layer once the store is open
 * @throws {RevocadeError} ERR_CONFIG when the store has no buckets or ioredis is not installed
 */
export async function prepareRedis(
  settings: RedisSettings,
  store: RevocationStore,
): Promise<(context: RedisLayerContext) => RedisLayer> {
  const { buckets: source } = store
  if (source === undefined) {
    throw new RevocadeError(
      'ERR_CONFIG',
      "option 'redis' needs a store with `buckets`: leave it out, or use the SQLite store",
    )
  }
  const connections = await connectRedis(settings)
  return (context) => new RedisLayer({ ...context, ...settings, connections, source })
}

/** What an engine uses Redis for: the prefix cache and the wake-ups, on two connections. */
export class RedisLayer {
  readonly prefixCache: RedisPrefixCache
  readonly notifier: RedisNotifier
  /**
   * The versions that the buckets in Redis must have. The engine keeps them current as it follows the store.
   */
  readonly versions: BucketVersionTable
  readonly #deps: RedisLayerDeps
  readonly #commands: RedisCommands
  #closing: Promise<void> | undefined

  constructor(deps: RedisLayerDeps) {
    this.#deps = deps
    const { connections, timeoutMs, keyPrefix, storeId, namespace, source, logger } = deps
    const { description } = connections
    const keys = new Keys(keyPrefix, storeId, namespace)
    const commands = new RedisCommands({
      client: connections.commands,
      timeoutMs,
      mayReconnect: !connections.handedIn,
      onChange: (state, why) => prefixCache.breakerChanged(state, why),
    })
    const versions = new BucketVersionTable(source)
    const prefixCache = new RedisPrefixCache({ ...deps, commands, keys, versions, description })
    const { subscriber } = connections
    const notifier = new RedisNotifier({ subscriber, commands, channel: keys.channel, logger })
    this.#commands = commands
    this.versions = versions
    this.prefixCache = prefixCache
    this.notifier = notifier
  }

  /** Connects. If the server does not answer in time, connecting goes on in the background. */
  async start(): Promise<void> {
    this.notifier.start()
    if (await this.#commands.start(START_PATIENCE_MS)) return
    const { logger, connections } = this.#deps
    logger.warn(
      { redis: connections.description },
      'Redis does not answer: starting without it, answers come from the store until it does',
    )
  }

  stats(): RedisStats {
    return { ...this.prefixCache.stats(), wakeUps: this.notifier.stats() }
  }

  /** Writes what is queued, for at most half a second, then releases everything. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    // Everything below is unref'd. A process that awaits the end of an engine must not exit before it.
    const keepAlive = setInterval(() => undefined, 1000)
    try {
      await this.prefixCache.close()
      this.notifier.close()
      this.#commands.stop()
      const { connections } = this.#deps
      if (!connections.handedIn) connections.commands.disconnect()
    } finally {
      clearInterval(keepAlive)
    }
  }
}
