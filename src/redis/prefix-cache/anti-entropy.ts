import type { BucketVersionTable } from '../../buckets/version-table.js'
import type { RedisCommands } from '../connection/commands.js'
import { VERSION_FIELD } from './bucket-script.js'
import type { Keys } from './keys.js'
import type { BucketWriteQueue } from './write-queue.js'

/** Versions asked for at a time. */
const AT_A_TIME = 64
/** Buckets that may wait to be written before a pass goes on. */
const AHEAD = 32
/** The writer of a change puts it into Redis itself. The others look after it so much later, each at another moment, lest it died. */
const LOOK_AFTER_MS = 2000
/**
 * A pass that found much amiss does not begin again at once, and after another one later still: a server that evicts is not to be
 * fed without end. Milliseconds.
 */
const SHORTEST_REST_MS = 1000
const LONGEST_REST_MS = 600_000
/** After a pass that could not be finished. */
const RETRY_MS = 500

export interface AntiEntropyDeps {
  readonly commands: Pick<RedisCommands, 'available' | 'breaker' | 'send'>
  readonly publisher: Pick<BucketWriteQueue, 'queued' | 'repair'>
  readonly versions: Pick<BucketVersionTable, 'bits' | 'isKnown' | 'isCurrent'>
  readonly keys: Pick<Keys, 'bucket'>
}

/**
 * Heals L1 in the background: looks through the versions of all buckets and has the ones written that are not as they should
 * be. No answer waits for it or relies on it.
 */
export class AntiEntropy {
  /** Buckets that the last pass found right or has had written; of that pass, or of the one under way. */
  verified = 0
  passes = 0
  readonly #deps: AntiEntropyDeps
  readonly #lookAfter = new Set<number>()
  /** It is time to. */
  #lookNow = false
  #running: Promise<void> = Promise.resolve()
  #active = false
  #wanted = false
  /** It is no wonder if much is amiss: Redis has just come back, or the buckets are new. */
  #expected = false
  #done = false
  #restMs = SHORTEST_REST_MS
  #notBefore = 0
  #lookTimer: NodeJS.Timeout | undefined
  #restTimer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(deps: AntiEntropyDeps) {
    this.#deps = deps
  }

  /** Whether all buckets were found right, or written, and nothing has been noticed to be missing since. */
  get complete(): boolean {
    return this.#done && !this.#wanted && this.#deps.publisher.queued === 0
  }

  /** All buckets may be amiss: look through them. `now`: not after a rest, for there is good reason. */
  start(now = false): void {
    if (this.#stopped) return
    if (now) {
      this.#notBefore = 0
      this.#expected = true
    }
    if (performance.now() > this.#notBefore + this.#restMs * 4) this.#restMs = SHORTEST_REST_MS
    this.#wanted = true
    this.#done = false
    this.#schedule()
  }

  /** Someone else has changed a bucket: see later that it was written. */
  lookAfter(bucket: number): void {
    this.#lookAfter.add(bucket)
    this.#lookTimer ??= setTimeout(
      () => {
        this.#lookTimer = undefined
        this.#lookNow = true
        this.#schedule()
      },
      LOOK_AFTER_MS * (1 + Math.random() * 2),
    ).unref()
  }

  /** At any bucket: a server that was emptied says so nowhere, and where it is asked last no check finds out. Rejects where it can't be asked. */
  async lookAtOne(): Promise<void> {
    const { commands, versions, keys } = this.#deps
    const { bits } = versions
    const bucket = Math.floor(Math.random() * 2 ** bits)
    const value = await commands.send('HGET', keys.bucket(bucket, bits), VERSION_FIELD)
    const version = Buffer.isBuffer(value) ? value : null
    if (
      this.#stopped ||
      !versions.isKnown ||
      versions.bits !== bits ||
      versions.isCurrent(bucket, bits, version)
    )
      return
    this.repair(bucket, version)
  }

  /** A bucket was seen that is not as it should be: has it written. `version`: what it bore, null where there was none. */
  repair(bucket: number, version: Buffer | null): void {
    this.#deps.publisher.repair(bucket, version)
    // Not just behind, but gone: then others may be gone as well.
    if (version === null) this.start()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#lookTimer)
    clearTimeout(this.#restTimer)
    await this.#running
  }

  #schedule(): void {
    if (this.#active || this.#stopped) return
    this.#active = true
    this.#running = this.#run()
  }

  /** However often a pass is wanted meanwhile, one timer waits for it. */
  #scheduleIn(ms: number): void {
    clearTimeout(this.#restTimer)
    this.#restTimer = setTimeout(() => this.#schedule(), ms).unref()
  }

  /** Nothing throws out of here: what can't be done now is done when the breaker closes. */
  async #run(): Promise<void> {
    do {
      if (this.#lookNow) await this.#lookAtSome()
      while (this.#mayPass()) await this.#pass()
    } while (this.#lookNow)
    // In the turn that found nothing left to do: what comes after it finds nobody at work.
    this.#active = false
  }

  async #lookAtSome(): Promise<void> {
    const some = [...this.#lookAfter]
    this.#lookNow = false
    this.#lookAfter.clear()
    if ((await this.#look(some, this.#deps.versions.bits, () => undefined)) !== undefined) return
    // Which of them were seen is not worth remembering.
    this.#wanted = true
    this.#done = false
  }

  /** Whether a pass is wanted, and possible now. */
  #mayPass(): boolean {
    const { versions, commands } = this.#deps
    if (!this.#wanted || this.#stopped || !versions.isKnown || commands.breaker.state !== 'closed')
      return false
    const restMs = this.#notBefore - performance.now()
    if (restMs > 0) this.#scheduleIn(restMs)
    return restMs <= 0
  }

  async #pass(): Promise<void> {
    const { bits } = this.#deps.versions
    const expected = this.#expected
    this.#expected = false
    this.#wanted = false
    this.verified = 0
    this.passes++
    const amiss = await this.#look(fromAnywhere(2 ** bits), bits, () => this.verified++)
    if (amiss === undefined) {
      this.#wanted = true
      this.#notBefore = performance.now() + RETRY_MS
      return
    }
    this.#done = !this.#wanted
    this.#notBefore = performance.now() + this.#restMs
    this.#restMs =
      amiss * 4 > 2 ** bits && !expected ? Math.min(this.#restMs * 2, LONGEST_REST_MS) : SHORTEST_REST_MS
  }

  /** How many buckets were not as they should be; undefined where Redis, or what it should hold, could not be asked to the end. */
  async #look(buckets: Iterable<number>, bits: number, onVerified: () => void): Promise<number | undefined> {
    const { commands, versions, publisher, keys } = this.#deps
    let amiss = 0
    for (const chunk of chunks(buckets, AT_A_TIME)) {
      while (publisher.queued > AHEAD && commands.available && !this.#stopped) await unhurried(5)
      if (!commands.available || this.#stopped || versions.bits !== bits) return undefined
      const replies = await Promise.allSettled(
        chunk.map((bucket) => commands.send('HGET', keys.bucket(bucket, bits), VERSION_FIELD)),
      )
      for (const [i, reply] of replies.entries()) {
        if (reply.status === 'rejected') return undefined
        const bucket = chunk[i]
        const version = Buffer.isBuffer(reply.value) ? reply.value : null
        if (versions.bits !== bits) return undefined
        if (!versions.isCurrent(bucket, bits, version)) {
          amiss++
          publisher.repair(bucket, version)
        }
        onVerified()
      }
    }
    return amiss
  }
}

const unhurried = (ms: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, ms).unref())

/** 0 … count − 1, beginning anywhere: several engines that begin together share the work. */
function* fromAnywhere(count: number): Generator<number, void, void> {
  const first = Math.floor(Math.random() * count)
  for (let i = 0; i < count; i++) yield (first + i) % count
}

function* chunks(values: Iterable<number>, size: number): Generator<number[], void, void> {
  let chunk: number[] = []
  for (const value of values) {
    chunk.push(value)
    if (chunk.length < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
