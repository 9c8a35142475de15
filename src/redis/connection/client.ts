/**
 * May name fewer arguments than an event has, and of narrower types: the types of events are ioredis' to
 * know.
 */
type Listener = { listen(...args: unknown[]): void }['listen']

/**
 * The part of an ioredis client (`^5.4 || ^6`, single, Sentinel or Cluster) that this package uses, declared
 * here so that its types need none of ioredis' own. A client that a caller hands in is used and never closed.
 */
export interface RedisClient {
  /** 'ready' where a command would be sent at once. */
  readonly status: string
  connect(): Promise<void>
  /**
   * Sends any command; replies come as bytes. Bytes go as a `Buffer`: of any others ioredis sends the
   * numbers, as text.
   */
  callBuffer(command: string, ...args: (string | number | Buffer)[]): Promise<unknown>
  /** A `Cluster`, which takes options of its own where one connection takes options. */
  readonly isCluster?: boolean
  /**
   * Another connection with the same options: for subscriptions, which take a connection for themselves. A
   * cluster takes nodes first, then options.
   */
  duplicate(...overrides: (object | undefined)[]): RedisClient
  subscribe(...channels: string[]): Promise<unknown>
  on(event: string, listener: Listener): unknown
  off(event: string, listener: Listener): unknown
  listenerCount(event: string): number
  /** Ends the connection; with `true` it is made anew. */
  disconnect(reconnect?: boolean): void
}

/** Connections made by {@link connectRedis}, or around a client that a caller handed in. */
export interface RedisConnections {
  /**
   * For commands with a deadline, which is the caller's to keep. Not connected yet, unless it was handed in
   * so.
   */
  readonly commands: RedisClient
  /** For messages. Not connected yet; it subscribes to nothing by itself after a reconnection. */
  readonly subscriber: RedisClient
  /** Whether `commands` was handed in: then it is not ours to end. */
  readonly handedIn: boolean
  /** For people: `redis://localhost:6379/0`, without user and password. */
  readonly description: string
}
