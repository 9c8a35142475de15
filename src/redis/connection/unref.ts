import { isRedisClient } from '../options.js'
import type { RedisClient } from './client.js'

/**
 * Lets the process end while a client is connected, or tries to be: an engine that nobody uses any more, and
 * nobody closed, must not keep it alive. So whoever waits for a reply has a timer that does keep it alive:
 * for the deadline that there is anyway.
 *
 * ioredis has no option for this. Its sockets and its timers between attempts are reached by the names that
 * they have in versions 5.4 to 6; where they are not there, nothing happens, and the process lives until the
 * client is closed. Out of reach is an attempt that is neither accepted nor refused, which lasts for the
 * connect timeout; and the search for a master: as long as no Sentinel answers, it keeps the process alive
 * until the client is closed.
 */
export function letProcessEnd(client: RedisClient): void {
  if (client.isCluster === true) {
    const own = (node: RedisClient): void => {
      letProcessEnd(node)
      letSubscriberEnd(client)
    }
    client.on('+node', own)
    client.on('-node', () => setImmediate(letSubscriberEnd, client))
    client.on('ready', () => letSubscriberEnd(client))
  }
  client.on('connect', () => unref(Reflect.get(client, 'stream')))
  client.on('reconnecting', () => unref(Reflect.get(client, 'reconnectTimeout')))
}

const known = new WeakSet<RedisClient>()

/**
 * For messages a cluster's client has a connection that it does not show, and changes when a node is lost.
 */
function letSubscriberEnd(cluster: RedisClient): void {
  const keeper: unknown = Reflect.get(cluster, 'subscriber')
  const subscriber: unknown =
    typeof keeper === 'object' && keeper !== null ? Reflect.get(keeper, 'subscriber') : undefined
  if (!isRedisClient(subscriber) || known.has(subscriber)) return
  known.add(subscriber)
  letProcessEnd(subscriber)
  unref(Reflect.get(subscriber, 'stream'))
}

function unref(held: unknown): void {
  if (typeof held !== 'object' || held === null) return
  const release: unknown = Reflect.get(held, 'unref')
  if (typeof release === 'function') release.call(held)
}
