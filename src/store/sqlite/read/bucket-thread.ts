import type { Worker } from 'node:worker_threads'
import { RevocadeError } from '../../../errors.js'
import type { BucketRead } from '../../../ports/bucket-source.js'
import { unpackError } from '../errors.js'
import type { OpenFiles } from '../file/file-identity.js'
import type { NamespaceIdentity } from '../file/store-identity.js'
import { endThread } from '../thread.js'
import type { FromBuckets, ToBuckets } from '../thread-messages.js'
import { toBucketRead } from './bucket-reader.js'
import { startJob } from './start-job.js'

/** Milliseconds without a request, after which the thread ends. */
const IDLE_MS = 10_000
/** Milliseconds without a new thread, after one could not start or ended by itself. */
const RETRY_DELAY_MS = 60_000
/** From 2^8 buckets on, a thread is used. Reading fewer takes less time than starting it. */
const MIN_BITS = 8

interface Request {
  readonly resolve: (read: BucketRead) => void
  readonly reject: (error: Error) => void
}

/**
 * Reads whole buckets in a thread, to spare the event loop: a bucket has about a hundred rows at as many
 * places of the file, and reading it takes 1 ms or more. The thread does not keep the process alive.
 */
export class BucketThread {
  readonly #at: OpenFiles
  readonly #namespace: NamespaceIdentity
  readonly #requests = new Map<number, Request>()
  #lastId = 0
  #notBefore = 0
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined

  /** @param at The files to read: if other ones stand at the path, reads are rejected. */
  constructor(at: OpenFiles, namespace: NamespaceIdentity) {
    this.#at = at
    this.#namespace = namespace
  }

  /** Whether a thread should read, if there are 2^bits buckets. */
  isWorthIt(bits: number): boolean {
    return bits >= MIN_BITS && performance.now() >= this.#notBefore
  }

  /**
   * Reads a whole bucket from one snapshot. Rejects if the bucket can't be read, or the thread can't start.
   */
  async read(bucket: number, bits: number): Promise<BucketRead> {
    clearTimeout(this.#idle)
    // Before the request is recorded: this throws if no thread can be started.
    const worker = (this.#worker ??= this.#start())
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#requests.set(id, { resolve, reject })
      worker.postMessage({ id, bucket, bits } satisfies ToBuckets)
    })
  }

  async stop(): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = undefined
    this.#refuse()
    if (worker !== undefined) await endThread(worker)
  }

  #start(): Worker {
    try {
      const worker = startJob({ job: 'buckets', at: this.#at, namespace: this.#namespace })
      worker.unref()
      worker.on('message', (reply: FromBuckets) => this.#answer(worker, reply))
      worker.on('error', () => this.#ended(worker))
      worker.on('exit', () => this.#ended(worker))
      return worker
    } catch (error) {
      this.#notBefore = performance.now() + RETRY_DELAY_MS
      throw error
    }
  }

  #answer(worker: Worker, reply: FromBuckets): void {
    // A stopped thread must not answer the requests to its successor.
    if (this.#worker !== worker) return
    const request = this.#requests.get(reply.id)
    this.#requests.delete(reply.id)
    if (reply.type === 'failed') request?.reject(unpackError(reply.error))
    else request?.resolve(toBucketRead(reply.read))
    if (this.#requests.size > 0) return
    this.#idle = setTimeout(() => void this.stop(), IDLE_MS).unref()
  }

  #ended(worker: Worker): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    this.#notBefore = performance.now() + RETRY_DELAY_MS
    this.#refuse()
  }

  #refuse(): void {
    const requests = [...this.#requests.values()]
    this.#requests.clear()
    for (const { reject } of requests)
      reject(new RevocadeError('ERR_STORE_UNAVAILABLE', `reading ${this.#at.place.real} was stopped`))
  }
}
