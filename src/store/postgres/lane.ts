import type { HandedInPool, PgClient, PgNotice, PgQuery, PgRow } from './driver.js'
import { DeadlineError, spoilsConnection } from './errors.js'

/**
 * One connection, taken from the pool when it is first needed and kept. It sends one query after another; a
 * query that has no answer in its time costs the connection, because it can't be told what happened to it.
 * (A driver's cancel could end a commit's wait for a standby, and the commit would look successful.)
 */
export class Lane {
  readonly #pool: HandedInPool
  readonly #hearNotice: (notice: PgNotice) => void
  #client: PgClient | undefined
  #connecting: Promise<PgClient> | undefined
  /** Settles when the query before the next one has. */
  #last: Promise<unknown> = Promise.resolve()
  #pending = 0
  #isClosed = false

  /** @param hearNotice Gets what the server says beside its answers. */
  constructor(pool: HandedInPool, hearNotice: (notice: PgNotice) => void = () => undefined) {
    this.#pool = pool
    this.#hearNotice = hearNotice
  }

  /** The rows of one statement. Rejects with what the driver threw. */
  run(query: PgQuery, deadlineMs: number): Promise<readonly PgRow[]> {
    return this.use(deadlineMs, async (client) => (await client.query(query)).rows)
  }

  /**
   * Has the connection for several queries in a row. If `work` throws for another reason than an answer of
   * the server, the connection is closed, and with it any transaction.
   *
   * @param deadlineMs For all of `work`, counted from this call.
   */
  use<T>(deadlineMs: number, work: (client: PgClient) => Promise<T>): Promise<T> {
    const deadline = performance.now() + deadlineMs
    this.#pending++
    const turn = this.#last.then(() => this.#within(deadline, deadlineMs, work))
    this.#last = turn.then(
      () => this.#settled(),
      () => this.#settled(),
    )
    return turn
  }

  /** Waits for what was sent, then gives the connection back to the pool. */
  async close(): Promise<void> {
    await this.#last
    this.#isClosed = true
    this.#drop(this.#client, false)
  }

  async #within<T>(deadline: number, deadlineMs: number, work: (client: PgClient) => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    let expired = false
    const late = new Promise<never>((_, reject) => {
      const expire = (): void => {
        expired = true
        reject(new DeadlineError(deadlineMs))
      }
      timer = setTimeout(expire, Math.max(0, deadline - performance.now()))
    })
    const working = async (): Promise<T> => {
      const client = await this.#connected()
      if (expired) return late
      return work(client)
    }
    try {
      return await Promise.race([working(), late])
    } catch (error) {
      if (spoilsConnection(error)) this.#drop(this.#client, true)
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  async #connected(): Promise<PgClient> {
    if (this.#client !== undefined) {
      this.#client.ref?.()
      return this.#client
    }
    // Shared with an attempt whose query could not wait for it.
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined))
    return this.#connecting
  }

  async #connect(): Promise<PgClient> {
    const client = await this.#pool.connect()
    if (this.#isClosed) {
      // Its query could not wait for it. A pool that ends waits for each connection that it gave away.
      this.#drop(client, true)
      throw new Error('closed')
    }
    client.on('error', this.#lose)
    client.on('notice', this.#hearNotice)
    this.#client = client
    return client
  }

  /** The connection was lost; a query under way is rejected by the driver. */
  readonly #lose = (): void => this.#drop(this.#client, true)

  /** Gives a connection back, or closes it. */
  #drop(client: PgClient | undefined, destroy: boolean): void {
    if (client === undefined) return
    this.#client = undefined
    client.off('notice', this.#hearNotice)
    // What a closed connection still complains of must not end the process.
    if (destroy) client.on('error', ignore)
    client.off('error', this.#lose)
    client.ref?.()
    client.release(destroy)
  }

  /** While nothing is asked, the connection does not keep the process alive. */
  #settled(): void {
    this.#pending--
    if (this.#pending === 0) this.#client?.unref?.()
  }
}

const ignore = (): void => undefined
