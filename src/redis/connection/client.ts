/** A method, so that a listener may declare fewer arguments than the event has, or narrower types. */
type Listener = { listen(...args: unknown[]): void }['listen']

/**
 * The part of an ioredis client (`^5.4 || ^6`, single, Sentinel or Cluster) that this package uses. It is
 * declared here so that the types of this package don't need those of ioredis. The client of a caller is used
 * and never closed.
 */
export interface RedisClient {
  /** 'ready' if a command would be sent at once. */
  readonly status: string
  connect(): Promise<void>
  /**
   * Sends any command. Replies come as bytes. Bytes among the arguments must be a `Buffer`: of a plain
   * `Uint8Array` ioredis sends the numbers as text.
   */
  callBuffer(command: string, ...args: (string | number | Buffer)[]): Promise<unknown>
  /** True for a `Cluster`, whose `duplicate` takes other arguments. */
  readonly isCluster?: boolean
  /** Those that decide whether the client can be used. */
  readonly options?: { readonly enableAutoPipelining?: unknown; readonly monitor?: unknown }
  /**
   * Creates a client with the same options, for subscriptions: a connection that subscribes can't send other
   * commands. The arguments override options; a cluster takes its nodes before them.
   */
  duplicate(...overrides: (object | undefined)[]): RedisClient
  subscribe(...channels: string[]): Promise<unknown>
  on(event: string, listener: Listener): unknown
  off(event: string, listener: Listener): unknown
  listenerCount(event: string): number
  /** Ends the connection. With `true` the client connects again. */
  disconnect(reconnect?: boolean): void
}

/** The two connections of a process, as {@link connectRedis} makes them. */
export interface RedisConnections {
  /**
   * For commands. It has no deadline for replies: the sender sets one. It is not connected yet, unless the
   * caller handed in a connected client.
   */
  readonly commands: RedisClient
  /** For messages. It is not connected yet, and does not subscribe again after a reconnection. */
  readonly subscriber: RedisClient
  /** Whether the caller handed in `commands`. Then this package must not end it. */
  readonly handedIn: boolean
  /** The URL without user and password, for logs: `redis://localhost:6379/0`. */
  readonly description: string
}

const METHODS = [
  'connect',
  'callBuffer',
  'duplicate',
  'subscribe',
  'on',
  'off',
  'listenerCount',
  'disconnect',
] satisfies (keyof RedisClient)[]

/** Whether a value has the methods of an ioredis client that this package calls. */
export function isRedisClient(value: unknown): value is RedisClient {
  if (typeof value !== 'object' || value === null) return false
  return (
    typeof Reflect.get(value, 'status') === 'string' &&
    METHODS.every((name) => typeof Reflect.get(value, name) === 'function')
  )
}
