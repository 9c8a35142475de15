import type { RedisClient } from '../../redis/connection/client.js'
import { DeadlineError, leadsToReplica, NotConnectedError } from './errors.js'
import type { Script } from './scripts/script.js'

/** What a script or a command takes. */
export type Argument = string | number | Buffer

/**
 * One connection of a store. Each command has a deadline. If no answer comes in time the connection is
 * closed, because it can't be told what happened to the command; so is one to a server that is not the
 * master. A command is not sent while there is no connection: it fails as soon as an attempt to connect has.
 */
export class StoreConnection {
  readonly #client: RedisClient
  #lastError: unknown

  constructor(client: RedisClient) {
    this.#client = client
    client.on('error', (error: unknown) => (this.#lastError = error))
    client.on('ready', () => (this.#lastError = undefined))
  }

  /** Runs a script on the server that has the key. Its text is sent only if the server does not know it. */
  run(script: Script, key: string, args: readonly Argument[], timeoutMs: number): Promise<unknown> {
    return this.#within(timeoutMs, () => this.#evaluate(script, key, args))
  }

  /**
   * Runs a script that writes, and then waits for replicas.
   *
   * @returns the reply, and the number of replicas that have the write
   */
  runAndWait(
    script: Script,
    key: string,
    args: readonly Argument[],
    wait: { readonly replicas: number; readonly timeoutMs: number },
  ): Promise<readonly [reply: unknown, replicas: number]> {
    const { replicas, timeoutMs } = wait
    return this.#within(timeoutMs, async () => {
      // Sent together: WAIT counts for the writes of its own connection only.
      const waiting = (): Promise<unknown> =>
        this.#client.callBuffer('WAIT', replicas, Math.ceil(timeoutMs * 0.8))
      let waited: Promise<unknown> | undefined
      const reply = await this.#evaluate(script, key, args, () => {
        waited = waiting()
        waited.catch(() => undefined)
      })
      return [reply, Number(await waited)] as const
    })
  }

  /** Sends one command. */
  send(timeoutMs: number, command: string, ...args: readonly Argument[]): Promise<unknown> {
    return this.#within(timeoutMs, () => this.#client.callBuffer(command, ...args))
  }

  close(): void {
    this.#client.disconnect()
  }

  async #evaluate(
    script: Script,
    key: string,
    args: readonly Argument[],
    after: () => void = () => undefined,
  ): Promise<unknown> {
    try {
      const reply = this.#client.callBuffer('EVALSHA', script.sha, 1, key, ...args)
      after()
      return await reply
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      const reply = this.#client.callBuffer('EVAL', script.source, 1, key, ...args)
      after()
      return await reply
    }
  }

  async #within<T>(timeoutMs: number, work: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    let sent = false
    let settled = false
    const late = new Promise<never>((_, reject) => {
      const expire = (): void => {
        if (settled) return
        reject(
          sent ? new DeadlineError(timeoutMs) : new NotConnectedError(`no connection in ${timeoutMs} ms`),
        )
        // The commands that wait for it as well are rejected. The next one finds a new connection.
        if (sent) this.#client.disconnect(true)
      }
      // If this process stalled, the answer is in the socket: Node.js reads it between a timer and an
      // immediate.
      timer = setTimeout(() => setImmediate(() => setImmediate(expire)), timeoutMs)
    })
    const working = async (): Promise<T> => {
      if (this.#client.status !== 'ready') await this.#connected()
      if (settled) return late
      sent = true
      return work()
    }
    try {
      return await Promise.race([working(), late])
    } catch (error) {
      if (leadsToReplica(error)) this.#client.disconnect(true)
      throw error
    } finally {
      settled = true
      clearTimeout(timer)
    }
  }

  /** Resolves when there is a connection, rejects when an attempt to make one has failed. */
  async #connected(): Promise<void> {
    const client = this.#client
    // Without waiting for the next attempt of ioredis, which may be two seconds away.
    if (client.status === 'wait' || (client.status === 'reconnecting' && client.isCluster !== true))
      client.connect().catch(() => undefined)
    await new Promise<void>((resolve, reject) => {
      const stop = (settle: () => void) => () => {
        client.off('ready', ready)
        client.off('close', failed)
        client.off('end', failed)
        settle()
      }
      const ready = stop(resolve)
      const failed = stop(() => reject(this.#whyNot()))
      client.on('ready', ready)
      client.on('close', failed)
      client.on('end', failed)
    })
  }

  #whyNot(): Error {
    const error = this.#lastError
    if (!(error instanceof Error)) return new NotConnectedError('the connection was closed')
    const { message } = error
    const failed = new NotConnectedError(message)
    return 'code' in error ? Object.assign(failed, { code: error.code }) : failed
  }
}
