import type { Worker } from 'node:worker_threads'
import { RevocadeError } from '../../../errors.js'
import type { BucketRead } from '../../../ports/bucket-source.js'
import { unpackError } from '../errors.js'
import type { FromBuckets, ToBuckets } from '../thread-messages.js'
import { toBucketRead } from './bucket-reader.js'
import { startJob } from './scan.js'

/** A thread that nobody has asked for so long ends, in milliseconds. */
const IDLE_MS = 10_000
/** After one that could not begin, or ended by itself, none is begun for so long. */
const REST_MS = 60_000
/** Fewer than 2^this buckets are all read before a thread has begun. */
const LEAST_BITS = 8

interface Request {
  readonly resolve: (read: BucketRead) => void
  readonly reject: (error: Error) => void
}

/**
 * Reads whole buckets in a thread: each is a hundred rows or so, at as many places of the file, and takes a millisecond or more that the event
 * loop has better uses for. It keeps no process alive.
 */
export class BucketThread {
  readonly #path: string
  readonly #identity: string
  readonly #namespaceId: number
  readonly #requests = new Map<number, Request>()
  #asked = 0
  #notBefore = 0
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined

  /** @param identity Of the file that is to be read: another one that stands at the path meanwhile is left alone. */
  constructor(path: string, identity: string, namespaceId: number) {
    this.#path = path
    this.#identity = identity
    this.#namespaceId = namespaceId
  }

  /** Whether to ask the thread, where there are 2^bits buckets. */
  isWorthIt(bits: number): boolean {
    return bits >= LEAST_BITS && performance.now() >= this.#notBefore
  }

  /** All of a bucket, from one snapshot. Rejects where it can't be read, or not by this thread. */
  async read(bucket: number, bits: number): Promise<BucketRead> {
    clearTimeout(this.#idle)
    // Before the request is noted: where there is no thread to be had, this throws.
    const worker = (this.#worker ??= this.#start())
    const request: ToBuckets = { id: this.#asked++, bucket, bits }
    return new Promise((resolve, reject) => {
      this.#requests.set(request.id, { resolve, reject })
      worker.postMessage(request)
    })
  }

  async stop(): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = undefined
    this.#refuse()
    await worker?.terminate()
  }

  #start(): Worker {
    try {
      const worker = startJob({
        job: 'buckets',
        path: this.#path,
        identity: this.#identity,
        namespaceId: this.#namespaceId,
      })
      worker.unref()
      worker.on('message', (reply: FromBuckets) => this.#answer(worker, reply))
      worker.on('error', () => this.#ended(worker))
      worker.on('exit', () => this.#ended(worker))
      return worker
    } catch (error) {
      this.#notBefore = performance.now() + REST_MS
      throw error
    }
  }

  #answer(worker: Worker, reply: FromBuckets): void {
    // One that was stopped has nothing to say to who asks its successor.
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
    this.#notBefore = performance.now() + REST_MS
    this.#refuse()
  }

  #refuse(): void {
    const requests = [...this.#requests.values()]
    this.#requests.clear()
    for (const { reject } of requests)
      reject(new RevocadeError('ERR_STORE_UNAVAILABLE', `Reading ${this.#path} was stopped.`))
  }
}
