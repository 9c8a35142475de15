import type { ClusterOptions, RedisOptions } from 'ioredis'
import { RevocadeError } from '../../errors.js'
import type { RedisSettings } from '../options.js'
import type { RedisClient, RedisConnections } from './client.js'
import type { RedisTarget } from './endpoint.js'
import { letProcessEnd } from './unref.js'

/** Waits between attempts to connect: doubled from the first to the last, for ever. Milliseconds. */
const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 2000
/**
 * A server that refuses writes is left for whoever is master now, but not more often than this: it may be all
 * there is.
 */
const READONLY_PAUSE_MS = 5000
/** A connection that is to be ended, and whose server does not take leave, is cut after so long. */
const LEAVE_MS = 200

/**
 * Where the defaults of ioredis 5 and 6 differ: the protocol that 5 speaks, and either family of addresses.
 */
const SAME_IN_ALL_VERSIONS: Options = { protocol: 2, family: 0 }

/** What ioredis exports, as a module of this kind sees it. */
type Ioredis = Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>
type Options = Omit<RedisOptions, 'replyMapping'>

/**
 * The two connections that the layer needs, for any form of deployment. Neither is connected yet, nor are
 * they ever given up: `connect()` may reject, and the client goes on trying all the same, at most 2 seconds
 * apart.
 *
 * Nothing waits in a queue for a server that is away (commands reject at once), and nothing that was sent is
 * sent again. There is no `commandTimeout`, which would end a connection that only listens, and no
 * `socketTimeout`, which in ioredis 5 may hit the next connection: how long a reply is waited for, and when a
 * silent server is given up, is the caller's to say.
 *
 * A client that was handed in is used as it is: not connected, not configured, not ended. Only its duplicate
 * is ours.
 *
 * Throws `ERR_CONFIG` where ioredis is not installed.
 */
export async function connectRedis(settings: RedisSettings): Promise<RedisConnections> {
  const { target, timeoutMs } = settings
  if (target.kind === 'client') return aroundClient(target.client, timeoutMs)
  const ioredis = await loadIoredis()
  return {
    commands: ours(newClient(ioredis, target, timeoutMs), timeoutMs),
    subscriber: ours(newClient(ioredis, target, timeoutMs), timeoutMs),
    handedIn: false,
    description: target.description,
  }
}

async function loadIoredis(): Promise<Ioredis> {
  try {
    return await import('ioredis')
  } catch (error) {
    throw new RevocadeError(
      'ERR_CONFIG',
      "option 'redis' needs the package ioredis beside this one: npm install ioredis",
      { cause: error },
    )
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

/**
 * How long a connection may take to be made. Ten times what a caller waits for a reply, and time enough for a
 * slow network.
 */
function patience(timeoutMs: number): number {
  return Math.max(2000, timeoutMs * 10)
}

/** Of every connection that is ours, a duplicate of somebody's client included. */
function connectionOptions(timeoutMs: number): Options {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    // With any other number, commands that were under way when a connection broke would never settle without
    // being sent again.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // ioredis would subscribe again without anybody to catch the rejection, which ends the process where that
    // connection breaks as well.
    autoResubscribe: false,
    connectTimeout: patience(timeoutMs),
    disconnectTimeout: LEAVE_MS,
    retryStrategy,
    // With the ten probes that Node.js sends a second apart, a connection that only listens is known to be
    // dead after 20 seconds.
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
    sentinelCommandTimeout: patience(timeoutMs),
  }
}

function clusterOptions(target: Extract<RedisTarget, { kind: 'cluster' }>, timeoutMs: number) {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    // A replica may be behind.
    scaleReads: 'master',
    clusterRetryStrategy: retryStrategy,
    slotsRefreshTimeout: patience(timeoutMs),
    maxRedirections: 4,
    // A certificate names hosts, not addresses.
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

/** Spread, so that many processes do not come back at the same moment. */
function retryStrategy(times: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(times - 1, 10), LAST_RETRY_MS) * (0.5 + Math.random() / 2)
}

/** After a failover the old master may still be there, as a replica: another connection finds the new one. */
function leaveReplica(): (error: Error) => boolean {
  let left = -Infinity
  return ({ message }) => {
    if (!message.startsWith('READONLY') || performance.now() - left < READONLY_PAUSE_MS) return false
    left = performance.now()
    return true
  }
}

/** What is the same for all clients that are ours, whose failures show in what is asked of them. */
function ours(client: RedisClient, timeoutMs: number): RedisClient {
  client.on('error', () => undefined)
  letProcessEnd(client)
  leaveSilent(client, patience(timeoutMs))
  return client
}

/** ioredis would wait for ever for a server that accepts a connection and never says anything. */
function leaveSilent(client: RedisClient, patienceMs: number): void {
  if (client.isCluster === true) {
    client.on('+node', (node: RedisClient) => leaveSilent(node, patienceMs))
    return
  }
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => clearTimeout(timer)
  client.on('connect', () => {
    stop()
    timer = setTimeout(() => client.disconnect(true), patienceMs).unref()
  })
  client.on('ready', stop)
  client.on('close', stop)
}

function aroundClient(client: RedisClient, timeoutMs: number): RedisConnections {
  // ioredis prints errors that nobody listens to. Whoever does listen needs no help.
  if (client.listenerCount('error') === 0) client.on('error', () => undefined)
  const changes = { ...connectionOptions(timeoutMs), commandTimeout: undefined, socketTimeout: undefined }
  const { lazyConnect, enableOfflineQueue, retryStrategy: clusterRetryStrategy } = changes
  const subscriber =
    client.isCluster === true
      ? client.duplicate([], { lazyConnect, enableOfflineQueue, clusterRetryStrategy })
      : client.duplicate(changes)
  return {
    commands: client,
    subscriber: ours(subscriber, timeoutMs),
    handedIn: true,
    description: 'the client that was handed in',
  }
}
