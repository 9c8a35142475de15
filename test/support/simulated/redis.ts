import { EventEmitter } from 'node:events'
import type { RedisClient } from '#dist/redis/connection/client.js'
import { Connection, type Network } from './connection.js'
import type { SimulatedScripts } from './redis-scripts.js'

type Listener = (...args: never[]) => void

/** The connections of one process to a simulated Redis, as a client of ioredis and its duplicates. */
export class SimulatedRedis implements RedisClient {
  readonly #network: Network
  readonly #server: SimulatedScripts
  readonly #events = new EventEmitter()
  /** This client and all its duplicates. */
  readonly #family: Set<SimulatedRedis>
  #connection: Connection | undefined
  status = 'wait'

  constructor(network: Network, server: SimulatedScripts, family = new Set<SimulatedRedis>()) {
    this.#network = network
    this.#server = server
    this.#family = family.add(this)
  }

  duplicate(): SimulatedRedis {
    return new SimulatedRedis(this.#network, this.#server, this.#family)
  }

  async connect(): Promise<void> {
    if (this.status !== 'wait' && this.status !== 'reconnecting') return
    this.status = 'connecting'
    await this.#network.gate?.('connect')
    if (this.status !== 'connecting') return // it was closed meanwhile
    this.#connection = new Connection(this.#network)
    this.status = 'ready'
    this.#events.emit('ready')
  }

  callBuffer(command: string, ...args: (string | number | Buffer)[]): Promise<unknown> {
    const connection = this.#connection
    if (connection === undefined) return Promise.reject(new Error('Connection is closed.'))
    return connection.ask(command, (age) => this.#server.answer(command, args, age))
  }

  /** Ends all connections of the process, as a network does. */
  cut(swallows: boolean): void {
    for (const client of this.#family) client.#leave('reconnecting', swallows)
  }

  disconnect(reconnect = false): void {
    this.#leave(reconnect ? 'reconnecting' : 'end', false)
  }

  #leave(status: string, swallows: boolean): void {
    if (this.status !== 'ready') return
    this.status = status
    const connection = this.#connection
    this.#connection = undefined
    connection?.lose(new Error('Connection is closed.'), swallows)
    this.#events.emit(status === 'end' ? 'end' : 'close')
  }

  subscribe(): Promise<unknown> {
    return Promise.reject(new Error('a store subscribes to nothing'))
  }

  on(event: string, listener: Listener): unknown {
    return this.#events.on(event, listener as (...args: unknown[]) => void)
  }

  off(event: string, listener: Listener): unknown {
    return this.#events.off(event, listener as (...args: unknown[]) => void)
  }

  listenerCount(event: string): number {
    return this.#events.listenerCount(event)
  }
}
