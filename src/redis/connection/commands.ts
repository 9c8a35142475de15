import { BUCKET_SCRIPT } from '../prefix-cache/bucket-script.js'
import { Breaker, messageOf } from './circuit-breaker.js'
import type { RedisClient } from './client.js'

/** Commands that may be waiting for their replies. Past that, nothing is asked until some are back. */
const MAX_IN_FLIGHT = 1024

export interface RedisCommandsOptions {
  readonly client: RedisClient
  /** How long anyone waits for a reply, in milliseconds. */
  readonly timeoutMs: number
  /** Whether the client is ours, and may be told to connect anew. */
  readonly mayReconnect: boolean
  readonly onChange: (state: 'open' | 'closed', why: string) => void
}

/** What a server refuses; the server itself is well. */
export function isRefusal(error: unknown): error is Error {
  return (
    error instanceof Error &&
    error.name === 'ReplyError' &&
    !/^(?:LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOAUTH|WRONGPASS)/.test(error.message)
  )
}

/** Commands with a deadline, behind a circuit breaker. Nothing is queued: what can't be sent now is not sent. */
export class RedisCommands {
  readonly breaker: Breaker
  timeouts = 0
  failures = 0
  /** Of the last reply, in milliseconds. */
  lastRoundTripMs: number | null = null
  readonly #options: RedisCommandsOptions
  #inFlight = 0
  #silentProbes = 0

  constructor(options: RedisCommandsOptions) {
    this.#options = options
    this.breaker = new Breaker({ probe: () => this.#probe(), onChange: options.onChange })
    const { client } = options
    client.on('ready', this.#onReady)
    client.on('close', this.#onClose)
    client.on('end', this.#onClose)
  }

  readonly #onReady = (): void => void this.breaker.probe()
  readonly #onClose = (): void => this.breaker.trip(new Error('the connection was lost'))

  /** Whether a command would be sent. */
  get available(): boolean {
    return this.breaker.state === 'closed' && this.#inFlight < MAX_IN_FLIGHT && this.#isReady()
  }

  /** Connects, where that is ours to do, and waits some time for the first answer. Whether it came. */
  async start(patienceMs: number): Promise<boolean> {
    const { client } = this.#options
    // A failure shows in the breaker, and the client goes on trying.
    if (client.status === 'wait') client.connect().catch(() => undefined)
    else if (client.status === 'ready') void this.breaker.probe()
    for (const end = performance.now() + patienceMs; this.breaker.state !== 'closed';) {
      if (performance.now() > end) return false
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    return true
  }

  stop(): void {
    this.breaker.stop()
    const { client } = this.#options
    client.off('ready', this.#onReady)
    client.off('close', this.#onClose)
    client.off('end', this.#onClose)
  }

  /** Rejects where there is no reply in time, or the server refuses; callers ask {@link RedisCommands.available} first. */
  async send(command: string, ...args: (string | number | Buffer)[]): Promise<unknown> {
    if (!this.available) throw new Error('Redis is not asked now')
    try {
      const reply = await this.#within(this.#options.timeoutMs, command, args)
      this.breaker.succeeded()
      return reply
    } catch (error) {
      if (isRefusal(error)) {
        this.breaker.succeeded()
      } else {
        this.failures++
        this.breaker.failed(error)
      }
      throw error
    }
  }

  /** Runs the bucket script; its text is sent only where the server does not know it yet. */
  async runBucketScript(key: string, args: readonly (string | number | Buffer)[]): Promise<unknown> {
    try {
      return await this.send('EVALSHA', BUCKET_SCRIPT.sha, 1, key, ...args)
    } catch (error) {
      if (!(isRefusal(error) && error.message.startsWith('NOSCRIPT'))) throw error
      return this.send('EVAL', BUCKET_SCRIPT.source, 1, key, ...args)
    }
  }

  async #within(
    timeoutMs: number,
    command: string,
    args: readonly (string | number | Buffer)[],
  ): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined
    const sentAt = performance.now()
    this.#inFlight++
    try {
      const reply = this.#options.client.callBuffer(command, ...args)
      let settled = false
      const deadline = new Promise<never>((_, reject) => {
        const expire = (): void => {
          if (settled) return
          this.timeouts++
          reject(new Error(`no reply to ${command} within ${timeoutMs} ms`))
        }
        // Where it was this process that stalled, the reply lies in the socket: that is read between a timer and an immediate.
        timer = setTimeout(() => setImmediate(() => setImmediate(expire)), timeoutMs)
      })
      const answer = await Promise.race([reply, deadline])
      settled = true
      this.lastRoundTripMs = performance.now() - sentAt
      return answer
    } finally {
      clearTimeout(timer)
      this.#inFlight--
    }
  }

  #isReady(): boolean {
    return this.#options.client.status === 'ready'
  }

  /** A server that keeps a connection open and says nothing may be gone for good: after two probes in vain another connection is made. */
  async #probe(): Promise<void> {
    const { client, mayReconnect, timeoutMs } = this.#options
    if (!this.#isReady()) throw new Error(`not connected (${client.status})`)
    try {
      await this.#within(Math.max(timeoutMs, 50), 'PING', [])
      this.#silentProbes = 0
    } catch (error) {
      if (++this.#silentProbes >= 2 && mayReconnect && this.#isReady()) {
        this.#silentProbes = 0
        client.disconnect(true)
      }
      throw new Error(messageOf(error), { cause: error })
    }
  }
}
