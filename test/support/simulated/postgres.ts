import { EventEmitter } from 'node:events'
import { CopyOut } from '#dist/store/postgres/copy-out.js'
import type {
  PgClient,
  PgNotice,
  PgPool,
  PgQuery,
  PgRow,
  PgSubmittable,
} from '#dist/store/postgres/driver.js'
import { Connection, type Network } from './connection.js'
import { copyOf, type PgHeldRow, SimulatedStatements, type Snapshot } from './postgres-statements.js'

/** The connections of one process to a simulated PostgreSQL, as a pool of the driver. */
export class SimulatedPool implements PgPool {
  readonly #network: Network
  readonly #server: SimulatedStatements
  readonly #clients = new Set<SimulatedClient>()

  constructor(network: Network, server: SimulatedStatements) {
    this.#network = network
    this.#server = server
  }

  async connect(): Promise<SimulatedClient> {
    await this.#network.gate?.('connect')
    const client = new SimulatedClient(new Connection(this.#network), this.#server)
    this.#clients.add(client)
    return client
  }

  /** Ends all connections, as a network does. */
  cut(swallows: boolean): void {
    for (const client of this.#clients) client.cut(swallows)
    this.#clients.clear()
  }

  on(): this {
    return this // no idle connection is kept, and so none is lost
  }

  end(): Promise<void> {
    return Promise.resolve()
  }
}

class SimulatedClient implements PgClient {
  readonly #connection: Connection
  readonly #server: SimulatedStatements
  readonly #events = new EventEmitter()
  #snapshot: Snapshot<PgHeldRow> | undefined

  constructor(connection: Connection, server: SimulatedStatements) {
    this.#connection = connection
    this.#server = server
  }

  query(query: PgQuery): Promise<{ readonly rows: readonly PgRow[] }>
  query(query: PgSubmittable): unknown
  query(query: PgQuery | PgSubmittable): unknown {
    if ('text' in query) return this.#ask(query)
    if (!(query instanceof CopyOut)) throw new TypeError('this query has a protocol of its own')
    query.submit({ query: (text) => this.#copy(query, text), stream: { pause() {}, resume() {} } })
    return undefined
  }

  async #ask({ text, values = [] }: PgQuery): Promise<{ readonly rows: readonly PgRow[] }> {
    const label = /\.(\w+_v1)\(/.exec(text)?.[1] ?? text.slice(0, 20)
    const rows = await this.#connection.ask(label, (age) => {
      if (text.startsWith('BEGIN ISOLATION LEVEL REPEATABLE READ')) this.#snapshot = this.#server.snapshot()
      if (text === 'COMMIT' || text === 'ROLLBACK') this.#snapshot = undefined
      return [this.#server.answer(text, values, age, this.#snapshot)]
    })
    return { rows }
  }

  #copy(copy: CopyOut, sql: string): void {
    const liveAfter = Number(/expires_at > (-?\d+)/.exec(sql)?.[1])
    this.#connection
      .ask('copy', () => copyOf((this.#snapshot ?? this.#server.snapshot()).rows, liveAfter))
      .then(
        (chunk) => {
          copy.handleCopyData({ chunk })
          copy.handleReadyForQuery()
        },
        (error: unknown) => copy.handleError(error instanceof Error ? error : new Error(String(error))),
      )
  }

  on(event: 'error' | 'notice', listener: ((error: Error) => void) | ((notice: PgNotice) => void)): unknown {
    return this.#events.on(event, listener)
  }

  off(event: 'error' | 'notice', listener: ((error: Error) => void) | ((notice: PgNotice) => void)): unknown {
    return this.#events.off(event, listener)
  }

  release(destroy = false): void {
    if (destroy) this.#connection.lose(new Error('Connection terminated'), false)
  }

  cut(swallows: boolean): void {
    if (this.#connection.isLost) return
    const error = new Error('Connection terminated unexpectedly')
    this.#connection.lose(error, swallows)
    if (this.#events.listenerCount('error') > 0) this.#events.emit('error', error)
  }
}
