import { isRedisClient, type RedisClient } from './client.js'

/**
 * Lets the process exit while a client is connected or reconnects, so that an engine that was never closed
 * does not keep it alive. While a reply is awaited, the timer of its deadline keeps the process alive.
 *
 * ioredis has no option for this. Its sockets and retry timers are found under the property names that
 * versions 5.4 to 6 use. If a property is missing, the process lives until the client is closed. Two cases
 * are out of reach:
 *
 * - an attempt to connect that is neither accepted nor refused: it ends after the connect timeout
 * - the search for a master while no Sentinel answers: it ends when the client is closed
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

/** Internal connections that have their listeners already. */
const known = new WeakSet<RedisClient>()

/** A cluster client keeps an internal connection for messages, and replaces it when a node is lost. */
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
