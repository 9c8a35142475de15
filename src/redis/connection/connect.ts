import type { ClusterOptions, RedisOptions } from 'ioredis'
import { RevocadeError } from '../../errors.js'
import type { RedisSettings } from '../options.js'
import type { RedisClient, RedisConnections } from './client.js'
import type { RedisTarget } from './endpoint.js'
import { letProcessEnd } from './unref.js'

/** Wait between attempts to connect, in milliseconds: it doubles from the first to the last value. */
const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 2000
/**
 * Shortest time between two reconnections because a server refuses writes, in milliseconds. The reconnection
 * finds the new master, if there is one.
 */
const READONLY_PAUSE_MS = 5000
/** Longest wait for the server to end a connection, in milliseconds. After it the socket is destroyed. */
const LEAVE_MS = 200

/** Options whose defaults differ between ioredis 5 and 6: protocol RESP2, and IPv4 as well as IPv6. */
const SAME_IN_ALL_VERSIONS: Options = { protocol: 2, family: 0 }

/** The part of the module ioredis that is used here. */
type Ioredis = Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>
type Options = Omit<RedisOptions, 'replyMapping'>

/**
 * Creates the two connections of a process, for any form of deployment, without connecting. From `connect()`
 * on a client tries for ever, with at most 2 seconds between attempts, even if `connect()` rejects.
 *
 * - A command is rejected at once while the server is away, and no command is sent twice.
 * - Replies have no deadline: the sender sets one. The `commandTimeout` of ioredis would end a connection
 *   that only listens, and the `socketTimeout` of ioredis 5 can end the next connection.
 * - The client of a caller is used as it is: this package does not connect, configure or end it, and owns
 *   only the duplicate that it makes.
 *
 * @throws {RevocadeError} ERR_CONFIG when ioredis is not installed
 */
export async function connectRedis(settings: RedisSettings): Promise<RedisConnections> {
  const { target, timeoutMs } = settings
  if (target.kind === 'client') return aroundClient(target.client, timeoutMs)
  const ioredis = await loadIoredis()
  return {
    commands: withListeners(newClient(ioredis, target, timeoutMs), timeoutMs),
    subscriber: withListeners(newClient(ioredis, target, timeoutMs), timeoutMs),
    handedIn: false,
    description: target.description,
  }
}

/**
 * Creates one connection, as {@link connectRedis} does: of a caller's client a duplicate.
 *
 * @throws {RevocadeError} ERR_CONFIG when ioredis is not installed
 */
export async function createClient(
  target: RedisSettings['target'],
  timeoutMs: number,
  option: string,
): Promise<RedisClient> {
  if (target.kind === 'client') return duplicateOf(target.client, timeoutMs)
  return withListeners(newClient(await loadIoredis(option), target, timeoutMs), timeoutMs)
}

/**
 * @param option - the option that the error names
 * @throws {RevocadeError} ERR_CONFIG when ioredis is not installed
 */
export async function loadIoredis(option = 'redis'): Promise<Ioredis> {
  try {
    return await import('ioredis')
  } catch (error) {
    const message = `option '${option}' needs the package ioredis: npm install ioredis`
    throw new RevocadeError('ERR_CONFIG', message, { cause: error })
  }
}

function newClient(ioredis: Ioredis, target: RedisTarget, timeoutMs: number): RedisClient {
  if (target.kind === 'cluster')
    return new ioredis.Cluster([...target.nodes], clusterOptions(target, timeoutMs))
  return new ioredis.Redis({
    ...connectionOptions(timeoutMs),
    ...SAME_IN_ALL_VERSIONS,
    reconnectOnError: leaveReplica(),
    ...placeOptions(target, timeoutMs),
  })
}

/** Longest time to connect, in milliseconds: ten deadlines of a reply, but 2 s at least for slow networks. */
function connectTimeout(timeoutMs: number): number {
  return Math.max(2000, timeoutMs * 10)
}

/** Options of every connection that this package creates, also of the duplicate of a caller's client. */
function connectionOptions(timeoutMs: number): Options {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    // With any other number, ioredis settles the commands in flight on a lost connection only by sending
    // them again.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // ioredis doesn't catch the rejection of its own SUBSCRIBE. If the connection is lost again, that would
    // end the process.
    autoResubscribe: false,
    connectTimeout: connectTimeout(timeoutMs),
    disconnectTimeout: LEAVE_MS,
    retryStrategy,
    // In milliseconds. After it Node.js sends ten probes, one a second, so that a dead connection that only
    // listens is noticed after 20 seconds.
    keepAlive: 10_000,
    connectionName: 'revocade',
    disableClientInfo: true,
  }
}

function placeOptions(target: Exclude<RedisTarget, { kind: 'cluster' }>, timeoutMs: number): Options {
  const access = { ...accessOptions(target), db: target.db }
  if (target.kind === 'socket') return { ...access, path: target.path }
  const tls = target.tls === undefined ? {} : { tls: { ...target.tls } }
  if (target.kind === 'single') return { ...access, ...tls, host: target.host, port: target.port }
  const { sentinels, name, sentinelPassword } = target
  return {
    ...access,
    ...tls,
    ...(target.tls === undefined ? {} : { sentinelTLS: { ...target.tls }, enableTLSForSentinelMode: true }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    sentinels: sentinels.map((address) => ({ ...address })),
    name,
    sentinelRetryStrategy: retryStrategy,
    sentinelCommandTimeout: connectTimeout(timeoutMs),
  }
}

function clusterOptions(target: Extract<RedisTarget, { kind: 'cluster' }>, timeoutMs: number) {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    // A replica may lag behind its master.
    scaleReads: 'master',
    clusterRetryStrategy: retryStrategy,
    slotsRefreshTimeout: connectTimeout(timeoutMs),
    maxRedirections: 4,
    // A certificate contains host names, so they must not be replaced by addresses.
    ...(target.tls === undefined ? {} : { dnsLookup: (host, found) => found(null, host) }),
    redisOptions: {
      ...connectionOptions(timeoutMs),
      ...SAME_IN_ALL_VERSIONS,
      ...accessOptions(target),
      ...(target.tls === undefined ? {} : { tls: { ...target.tls } }),
    },
  } satisfies ClusterOptions
}

function accessOptions({ username, password }: RedisTarget): Options {
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) }
}

/** Jittered, so that many processes do not reconnect at the same moment. */
function retryStrategy(times: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(times - 1, 10), LAST_RETRY_MS) * (0.5 + Math.random() / 2)
}

/** Reconnects after a READONLY error: after a failover the old master may still run, as a replica. */
function leaveReplica(): (error: Error) => boolean {
  let left = -Infinity
  return ({ message }) => {
    if (!message.startsWith('READONLY') || performance.now() - left < READONLY_PAUSE_MS) return false
    left = performance.now()
    return true
  }
}

/** Adds the listeners of every client that this package creates. Its errors show in failed commands. */
function withListeners(client: RedisClient, timeoutMs: number): RedisClient {
  client.on('error', () => undefined)
  letProcessEnd(client)
  reconnectIfSilent(client, connectTimeout(timeoutMs))
  return client
}

/** Reconnects if a server accepts the connection and then sends nothing. ioredis would wait for ever. */
function reconnectIfSilent(client: RedisClient, silenceMs: number): void {
  if (client.isCluster === true) {
    client.on('+node', (node: RedisClient) => reconnectIfSilent(node, silenceMs))
    return
  }
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => clearTimeout(timer)
  client.on('connect', () => {
    stop()
    timer = setTimeout(() => client.disconnect(true), silenceMs).unref()
  })
  client.on('ready', stop)
  client.on('close', stop)
}

function aroundClient(client: RedisClient, timeoutMs: number): RedisConnections {
  // ioredis prints errors if there is no listener. A listener of the caller is enough.
  if (client.listenerCount('error') === 0) client.on('error', () => undefined)
  return {
    commands: client,
    subscriber: duplicateOf(client, timeoutMs),
    handedIn: true,
    description: 'the client that was handed in',
  }
}

function duplicateOf(client: RedisClient, timeoutMs: number): RedisClient {
  const changes = { ...connectionOptions(timeoutMs), commandTimeout: undefined, socketTimeout: undefined }
  const { lazyConnect, enableOfflineQueue, retryStrategy: clusterRetryStrategy } = changes
  const duplicate =
    client.isCluster === true
      ? client.duplicate([], { lazyConnect, enableOfflineQueue, clusterRetryStrategy })
      : client.duplicate(changes)
  return withListeners(duplicate, timeoutMs)
}
