import type { Redis } from 'ioredis'
import type { RedisClient } from '#dist/redis/connection/client.js'

/** Runs before each command is sent and before its reply is delivered: a test decides what comes between. */
export type Gate = (label: string) => Promise<void>

/** A real client whose commands and replies go through a gate. */
export class GatedClient implements RedisClient {
  gate: Gate | undefined
  /** Commands that the server has and has not answered yet. */
  outstanding = 0
  readonly #client: Redis

  constructor(client: Redis) {
    this.#client = client
  }

  get status(): string {
    return this.#client.status
  }

  async callBuffer(command: string, ...args: (string | number | Buffer)[]): Promise<unknown> {
    await this.gate?.(`${command}: request`)
    this.outstanding++
    try {
      return await this.#client.callBuffer(command, ...args)
    } finally {
      this.outstanding--
      await this.gate?.(`${command}: reply`)
    }
  }

  connect(): Promise<void> {
    return this.#client.connect()
  }

  duplicate(): RedisClient {
    return new GatedClient(this.#client.duplicate())
  }

  async subscribe(...channels: string[]): Promise<unknown> {
    return this.#client.subscribe(...channels)
  }

  on(event: string, listener: (...args: never[]) => void): unknown {
    return this.#client.on(event, listener as (...args: unknown[]) => void)
  }

  off(event: string, listener: (...args: never[]) => void): unknown {
    return this.#client.off(event, listener as (...args: unknown[]) => void)
  }

  listenerCount(event: string): number {
    return this.#client.listenerCount(event)
  }

  disconnect(reconnect?: boolean): void {
    this.#client.disconnect(reconnect)
  }

  /** Resolves when the server has answered all that it was sent, and the answers were dealt with. */
  async settled(): Promise<void> {
    do for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    while (this.outstanding > 0)
  }
}
