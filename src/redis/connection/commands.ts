import { setTimeout as sleep } from 'node:timers/promises'
import { BUCKET_SCRIPT } from '../prefix-cache/bucket-script.js'
import { Breaker, messageOf } from './circuit-breaker.js'
import type { RedisClient } from './client.js'

/** Commands that may wait for replies. No other is sent meanwhile. */
const MAX_COMMANDS_IN_FLIGHT = 1024

/** Options of {@link RedisCommands}. */
export interface RedisCommandsOptions {
  readonly client: RedisClient
  /** Longest wait for a reply, in milliseconds. */
  readonly timeoutMs: number
  /** Whether the client is ours and may be told to reconnect. */
  readonly mayReconnect: boolean
  readonly onChange: (state: 'open' | 'closed', why: string) => void
}

/** Whether a healthy server has refused a command. Other errors count against the server. */
export function isRefusal(error: unknown): error is Error {
  return (
    error instanceof Error &&
    error.name === 'ReplyError' &&
    !/^(?:LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOAUTH|WRONGPASS)/.test(error.message)
  )
}

/**
 * Sends commands with a deadline, behind a circuit breaker. It queues none: a command that can't be sent now
 * is rejected.
 */
export class RedisCommands {
  readonly breaker: Breaker
  timeouts = 0
  failures = 0
  /** Round trip of the last reply, in milliseconds. */
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
    return this.breaker.state === 'closed' && this.#inFlight < MAX_COMMANDS_IN_FLIGHT && this.#isReady()
  }

  /**
   * Connects a client that is not connected, and waits for the first answer. @returns whether it came in time
   */
  async start(patienceMs: number): Promise<boolean> {
    const { client } = this.#options
    // After a failure the breaker stays open, and the client tries again.
    if (client.status === 'wait') client.connect().catch(() => undefined)
    else if (client.status === 'ready') void this.breaker.probe()
    for (const end = performance.now() + patienceMs; this.breaker.state !== 'closed';) {
      if (performance.now() > end) return false
      await sleep(2)
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

  /** Rejects if no reply comes in time or the server refuses. Check {@link RedisCommands.available} first. */
  async send(command: string, ...args: (string | number | Buffer)[]): Promise<unknown> {
    if (!this.available) throw new Error('Redis is not available')
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

  /** Runs the bucket script. Its text is sent only if the server does not know it. */
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
        // If this process stalled, the reply is in the socket: Node.js reads it between a timer and an
        // immediate.
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

  /** A silent connection may be dead: after two probes without an answer the client reconnects. */
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
