import { bucketOf } from '../../buckets/layout.js'
import { BucketVersionTable } from '../../buckets/version-table.js'
import { RevocadeError } from '../../errors.js'
import type { BucketSource } from '../../ports/bucket-source.js'
import type { Digest, Logger, RevocationStore } from '../../ports/index.js'
import type { PrefixCache, PrefixReply, RedisStats } from '../../ports/prefix-cache.js'
import type { RedisConnections } from '../connection/client.js'
import { isRefusal, RedisCommands } from '../connection/commands.js'
import { connectRedis } from '../connection/connect.js'
import type { RedisSettings } from '../options.js'
import { AntiEntropy } from './anti-entropy.js'
import { VERSION_FIELD } from './bucket-script.js'
import { BucketSplitter } from './bucket-splitter.js'
import { BucketWriter } from './bucket-writer.js'
import { HealthMonitor } from './health-monitor.js'
import { decodeField, fieldOf, Keys } from './keys.js'
import { RedisNotifier } from './notifier.js'
import { BucketWriteQueue } from './write-queue.js'

/** How long an engine's start waits for a server that does not answer, and its end for what is queued. Milliseconds. */
const START_PATIENCE_MS = 500
const CLOSE_PATIENCE_MS = 500
/** Buckets of one commit past which they are written at leisure: an import must not take the event loop for itself. */
const MANY = 64

export interface RedisPrefixCacheContext {
  readonly storeId: string
  readonly namespace: string
  readonly logger: Logger
  readonly clock: { now(): number }
}

interface RedisPrefixCacheDeps
  extends RedisPrefixCacheContext, Pick<RedisSettings, 'timeoutMs' | 'keyPrefix' | 'reads'> {
  readonly connections: RedisConnections
  readonly source: BucketSource
}

/**
 * Makes the connections, without connecting yet, so that what is wrong with the options shows before the store is touched.
 * The function that comes back makes the layer, once the store is open.
 *
 * @throws RevocadeError `ERR_CONFIG`
 */
export async function prepareRedis(
  settings: RedisSettings,
  store: RevocationStore,
): Promise<(context: RedisPrefixCacheContext) => RedisPrefixCache> {
  const { buckets: source } = store
  if (source === undefined) {
    throw new RevocadeError(
      'ERR_CONFIG',
      "option 'redis': this store can't feed a Redis layer, for it has no `buckets`: leave Redis out, or use SQLite",
    )
  }
  const connections = await connectRedis(settings)
  return (context) => new RedisPrefixCache({ ...context, ...settings, connections, source })
}

/** L1 in Redis. Losing it, or any part of it, loses nothing. */
export class RedisPrefixCache implements PrefixCache {
  /** What its buckets must bear to count. Whoever follows the store keeps them. */
  readonly versions: BucketVersionTable
  /** There are other buckets now: their versions must be loaded. */
  onSplit: () => Promise<unknown> = () => this.versions.load()
  /** Something was committed elsewhere, it is said, up to this number. */
  onWake: (seq: number) => void = () => undefined
  /** What this engine tells those who watch. */
  engineStats: () => object = () => ({})
  readonly #options: RedisPrefixCacheDeps
  readonly #commands: RedisCommands
  readonly #keys: Keys
  readonly #writer: BucketWriter
  readonly #division: BucketSplitter
  readonly #publisher: BucketWriteQueue
  readonly #refill: AntiEntropy
  readonly #wakeUps: RedisNotifier
  readonly #health: HealthMonitor
  readonly #counts = { lookups: 0, hits: 0, proven: 0, unproven: 0 }
  #why: string | null = null
  #answered = false
  #closing: Promise<void> | undefined

  constructor(options: RedisPrefixCacheDeps) {
    this.#options = options
    const { connections, timeoutMs, keyPrefix, reads, storeId, namespace, source, logger, clock } = options
    const versions = new BucketVersionTable(source)
    const keys = new Keys(keyPrefix, storeId, namespace)
    const commands = new RedisCommands({
      client: connections.commands,
      timeoutMs,
      mayReconnect: !connections.handedIn,
      onChange: (state, why) => this.#changed(state, why),
    })
    const onDivided = (): void =>
      void this.onSplit().catch((error: unknown) =>
        logger.debug({ err: error }, 'the versions of buckets could not be loaded'),
      )
    const writer = new BucketWriter({ commands, source, keys, clock, onDivided })
    const division = new BucketSplitter({
      commands,
      source,
      keys,
      logger,
      onDivided,
      onFailed: () => this.#refill.start(),
    })
    const publisher = new BucketWriteQueue({ commands, writer, division, bits: () => versions.bits })
    this.versions = versions
    this.#keys = keys
    this.#commands = commands
    this.#writer = writer
    this.#division = division
    this.#publisher = publisher
    this.#refill = new AntiEntropy({ commands, publisher, versions, keys })
    this.#wakeUps = new RedisNotifier({
      subscriber: connections.subscriber,
      commands,
      channel: keys.channel,
      onWake: (seq) => this.onWake(seq),
      figures: () => this.engineStats(),
    })
    this.#health = new HealthMonitor({
      commands,
      logger,
      clock,
      onRestart: () => this.#refill.start(),
      alsoLook: async () => (reads === 'when-store-fails' ? this.#refill.lookAtOne() : undefined),
    })
    versions.onLoaded = () => {
      publisher.forget()
      this.#refill.start(true)
    }
    versions.onChanged = (bucket) => this.#refill.lookAfter(bucket)
  }

  /** Connects; a server that does not answer is waited for in the background. */
  async start(): Promise<void> {
    this.#wakeUps.start()
    if (await this.#commands.start(START_PATIENCE_MS)) return
    const { logger, connections } = this.#options
    logger.warn(
      { redis: connections.description },
      'Redis does not answer: starting without it, answers come from the store until it does',
    )
  }

  lookup(digest: Digest): Promise<PrefixReply | undefined> | undefined {
    const { versions } = this
    return this.#commands.available && versions.isKnown ? this.#ask(digest, versions.bits) : undefined
  }

  isCurrent({ bucket, bits, version }: PrefixReply): boolean {
    const current = this.versions.isCurrent(bucket, bits, version)
    if (current) this.#counts.proven++
    return current
  }

  repair({ bucket, bits, version }: PrefixReply): void {
    this.#counts.unproven++
    const { versions } = this
    // There are other buckets by now, or their versions are being loaded: all are looked through then.
    if (bits !== versions.bits || !versions.isKnown) return
    this.#refill.repair(bucket, version)
  }

  async write(digests: readonly Digest[], seq: number): Promise<'written' | 'queued'> {
    const { versions } = this
    const { timeoutMs } = this.#options
    this.#wakeUps.say(seq)
    const buckets = new Set(digests.map((digest) => bucketOf(digest, versions.bits)))
    const bulk = buckets.size > MANY
    const written = Promise.all(
      [...buckets].map((bucket) => this.#publisher.changed(bucket, versions.of(bucket), bulk)),
    )
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<readonly boolean[]>((resolve) => {
      timer = setTimeout(() => resolve([false]), timeoutMs)
    })
    const all = await Promise.race([written, late])
    clearTimeout(timer)
    return all.every(Boolean) ? 'written' : 'queued'
  }

  stats(): RedisStats {
    const { versions } = this
    const { connections } = this.#options
    const { breaker, timeouts, failures, lastRoundTripMs } = this.#commands
    const { written, queued, refusal } = this.#publisher
    const { listening, sent, received } = this.#wakeUps
    return {
      state: breaker.state === 'closed' ? 'ready' : this.#answered ? 'unavailable' : 'connecting',
      breaker: breaker.state,
      why: this.#why ?? refusal ?? null,
      server: connections.description,
      queued,
      written,
      timeouts,
      failures,
      conflicts: this.#writer.conflicts,
      complete:
        breaker.state === 'closed' && versions.complete && !this.#division.underWay && this.#refill.complete,
      buckets: 2 ** versions.bits,
      verified: this.#refill.verified,
      ...this.#counts,
      roundTripMs: lastRoundTripMs,
      wakeUps: { listening, sent, received },
      health: this.#health.facts,
      warnings: this.#health.warnings,
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #ask(digest: Digest, bits: number): Promise<PrefixReply | undefined> {
    this.#counts.lookups++
    const bucket = bucketOf(digest, bits)
    try {
      const reply = await this.#commands.send(
        'HMGET',
        this.#keys.bucket(bucket, bits),
        fieldOf(digest),
        VERSION_FIELD,
      )
      const [value, version] = Array.isArray(reply) ? (reply as unknown[]) : []
      const entry = value instanceof Uint8Array ? (decodeField(value) ?? null) : null
      if (entry !== null) this.#counts.hits++
      // A value that we never wrote is no absence.
      const readable = value === null || entry !== null
      return { bucket, bits, entry, version: readable && Buffer.isBuffer(version) ? version : null }
    } catch (error) {
      // Something else stands under that name: to be written over.
      if (isRefusal(error) && error.message.startsWith('WRONGTYPE'))
        return { bucket, bits, entry: null, version: null }
      return undefined // the breaker has counted it, and the store is asked instead
    }
  }

  #changed(state: 'open' | 'closed', why: string): void {
    const { logger, connections } = this.#options
    const redis = connections.description
    if (state === 'open') {
      this.#why = why
      if (this.#answered)
        logger.warn(
          { redis, why },
          'Redis is not asked any more: answers come from the store until it answers again',
        )
      return
    }
    this.#why = null
    logger.info({ redis }, this.#answered ? 'Redis answers again' : 'Redis answers')
    this.#answered = true
    this.#health.look()
    this.#publisher.run()
    // What it holds may be of long ago, or nothing: no answer relies on it, but it wants to be looked through.
    this.#refill.start(true)
  }

  async #close(): Promise<void> {
    // What is waited for here keeps no process alive. Whoever awaits the end of an engine is to see it.
    const awake = setInterval(() => undefined, 1000)
    try {
      await this.#end()
    } finally {
      clearInterval(awake)
    }
  }

  async #end(): Promise<void> {
    const { versions } = this
    const { connections } = this.#options
    versions.onLoaded = () => undefined
    versions.onChanged = () => undefined
    this.#health.stop()
    for (
      const end = performance.now() + CLOSE_PATIENCE_MS;
      this.#publisher.queued > 0 && this.#commands.available && performance.now() < end;
    ) {
      this.#publisher.run()
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await Promise.all([this.#refill.stop(), this.#publisher.stop()])
    this.#wakeUps.stop()
    this.#commands.stop()
    if (!connections.handedIn) connections.commands.disconnect()
  }
}
