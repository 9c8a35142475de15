import { setTimeout as sleep } from 'node:timers/promises'
import { bucketOf } from '../../buckets/layout.js'
import type { BucketVersionTable, VersionTableObserver } from '../../buckets/version-table.js'
import type { BucketSource } from '../../ports/bucket-source.js'
import type { Digest, Logger } from '../../ports/index.js'
import type { PrefixCache, PrefixCacheStats, PrefixReply } from '../../ports/prefix-cache.js'
import { isRefusal, type RedisCommands } from '../connection/commands.js'
import type { RedisSettings } from '../options.js'
import { AntiEntropy } from './anti-entropy.js'
import { VERSION_FIELD } from './bucket-script.js'
import { BucketSplitter } from './bucket-splitter.js'
import { BucketWriter } from './bucket-writer.js'
import { HealthMonitor } from './health-monitor.js'
import { decodeField, fieldOf, type Keys } from './keys.js'
import { BucketWriteQueue } from './write-queue.js'

/** Longest time that the end of an engine waits until the queue is written, in milliseconds. */
const CLOSE_PATIENCE_MS = 500
/** A commit of more buckets is written in the background: an import must not occupy the event loop. */
const BULK_BUCKETS = 64

/** The server, the store and the options of a {@link RedisPrefixCache}. */
export interface RedisPrefixCacheDeps extends Pick<RedisSettings, 'timeoutMs' | 'reads'> {
  readonly commands: RedisCommands
  readonly keys: Keys
  readonly versions: BucketVersionTable
  readonly source: BucketSource
  /** The server, without user and password. */
  readonly description: string
  readonly logger: Logger
  readonly clock: { now(): number }
}

/** The prefix cache in Redis. Losing it, or any part of it, loses no revocation. */
export class RedisPrefixCache implements PrefixCache, VersionTableObserver {
  readonly #deps: RedisPrefixCacheDeps
  readonly #writer: BucketWriter
  readonly #splitter: BucketSplitter
  readonly #queue: BucketWriteQueue
  readonly #antiEntropy: AntiEntropy
  readonly #health: HealthMonitor
  readonly #counts = { lookups: 0, hits: 0, proven: 0, unproven: 0 }
  #why: string | null = null
  #answered = false
  #closing: Promise<void> | undefined

  constructor(deps: RedisPrefixCacheDeps) {
    this.#deps = deps
    const { commands, keys, versions, source, reads, logger, clock } = deps
    const onSplit = (): void => this.#bucketsWereSplit()
    const writer = new BucketWriter({ commands, source, keys, clock, onLayoutChanged: onSplit })
    const splitter = new BucketSplitter({
      commands,
      source,
      keys,
      logger,
      onSplit,
      onFailed: () => this.#antiEntropy.request('soon'),
    })
    const queue = new BucketWriteQueue({ commands, writer, splitter, bits: () => versions.bits })
    this.#writer = writer
    this.#splitter = splitter
    this.#queue = queue
    this.#antiEntropy = new AntiEntropy({ commands, queue, versions, keys })
    this.#health = new HealthMonitor({
      commands,
      logger,
      clock,
      onRestart: () => this.#antiEntropy.request('soon'),
      alsoCheck: async () =>
        reads === 'when-store-fails' ? this.#antiEntropy.probeRandomBucket() : undefined,
    })
    versions.observe(this)
  }

  lookup(digest: Digest): Promise<PrefixReply | undefined> | undefined {
    const { commands, versions } = this.#deps
    return commands.available && versions.isKnown ? this.#ask(digest, versions.bits) : undefined
  }

  isCurrent({ bucket, bits, version }: PrefixReply): boolean {
    const current = this.#deps.versions.isCurrent(bucket, bits, version)
    if (current) this.#counts.proven++
    return current
  }

  repair({ bucket, bits, version }: PrefixReply): void {
    this.#counts.unproven++
    const { versions } = this.#deps
    // The buckets were split, or the versions are being loaded: a pass over all follows.
    if (bits !== versions.bits || !versions.isKnown) return
    this.#antiEntropy.readRepair(bucket, version)
  }

  async write(digests: readonly Digest[]): Promise<'written' | 'queued'> {
    const { versions, timeoutMs } = this.#deps
    const buckets = new Set(digests.map((digest) => bucketOf(digest, versions.bits)))
    const bulk = buckets.size > BULK_BUCKETS
    const written = Promise.all(
      [...buckets].map((bucket) => this.#queue.changed(bucket, versions.of(bucket), bulk)),
    )
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<readonly boolean[]>((resolve) => {
      timer = setTimeout(() => resolve([false]), timeoutMs)
    })
    const all = await Promise.race([written, late])
    clearTimeout(timer)
    return all.every(Boolean) ? 'written' : 'queued'
  }

  stats(): PrefixCacheStats {
    const { commands, versions, description } = this.#deps
    const { breaker, timeouts, failures, lastRoundTripMs } = commands
    const { written, queued, refusal } = this.#queue
    return {
      state: breaker.state === 'closed' ? 'ready' : this.#answered ? 'unavailable' : 'connecting',
      breaker: breaker.state,
      why: this.#why ?? refusal ?? null,
      server: description,
      queued,
      written,
      timeouts,
      failures,
      conflicts: this.#writer.conflicts,
      complete:
        breaker.state === 'closed' &&
        versions.complete &&
        !this.#splitter.active &&
        this.#antiEntropy.complete,
      buckets: 2 ** versions.bits,
      verified: this.#antiEntropy.verified,
      ...this.#counts,
      roundTripMs: lastRoundTripMs,
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
    const { commands, keys } = this.#deps
    const bucket = bucketOf(digest, bits)
    try {
      const reply = await commands.send('HMGET', keys.bucket(bucket, bits), fieldOf(digest), VERSION_FIELD)
      const [value, version] = Array.isArray(reply) ? (reply as unknown[]) : []
      const entry = value instanceof Uint8Array ? (decodeField(value) ?? null) : null
      if (entry !== null) this.#counts.hits++
      // A value that we never wrote proves nothing.
      const readable = value === null || entry !== null
      return { bucket, bits, entry, version: readable && Buffer.isBuffer(version) ? version : null }
    } catch (error) {
      // Another type of key has that name: it is overwritten.
      if (isRefusal(error) && error.message.startsWith('WRONGTYPE'))
        return { bucket, bits, entry: null, version: null }
      return undefined // the breaker has counted the failure
    }
  }

  /** The version table was loaded: after a start, a split or a restored store. */
  versionsLoaded(): void {
    this.#queue.forget()
    this.#antiEntropy.request('now')
  }

  /** Another engine has changed a bucket. */
  versionChanged(bucket: number): void {
    this.#antiEntropy.verifyLater(bucket)
  }

  /** The circuit breaker has opened or closed. */
  breakerChanged(state: 'open' | 'closed', why: string): void {
    const { logger, description: redis } = this.#deps
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
    this.#health.check()
    this.#queue.run()
    // Its content may be old or gone.
    this.#antiEntropy.request('now')
  }

  async #close(): Promise<void> {
    const { commands, versions } = this.#deps
    versions.unobserve(this)
    this.#health.stop()
    for (
      const end = performance.now() + CLOSE_PATIENCE_MS;
      this.#queue.queued > 0 && commands.available && performance.now() < end;
    ) {
      this.#queue.run()
      await sleep(2)
    }
    await Promise.all([this.#antiEntropy.stop(), this.#queue.stop()])
  }

  #bucketsWereSplit(): void {
    const { versions, logger } = this.#deps
    versions
      .load()
      .catch((error: unknown) => logger.debug({ err: error }, 'the versions of buckets could not be loaded'))
  }
}
