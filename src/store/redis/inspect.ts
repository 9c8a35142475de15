import { createClient } from '../../redis/connection/connect.js'
import { textOf } from '../../redis/connection/health.js'
import { StoreConnection } from './connection.js'
import { toRevocadeError } from './errors.js'
import { readRedisStoreOptions } from './options.js'
import { promiseOf } from './promise.js'
import { problemOf, readServerFacts, type RedisServerFacts } from './server-facts.js'
import { headOf } from './setup.js'

/** What a server is and has, for a program that must not change it. */
export interface RedisStoreFacts extends RedisServerFacts {
  readonly keyPrefix: string
  /** Why a store refuses this server, and what to do; undefined if it does not. */
  readonly problem: string | undefined
  /** What a store promises there. */
  readonly promise: string
  /** Milliseconds of one round trip. */
  readonly roundTripMs: number
  /** The namespaces of the store, oldest first; undefined where there is no store. */
  readonly namespaces: readonly string[] | undefined
  /** The largest clock tolerance that the store was opened with, in seconds. */
  readonly toleranceSeconds: number | undefined
}

/** Milliseconds for each step. */
const STEP_MS = 5000

/**
 * Looks at a server without opening the store, which would make it.
 *
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE when the server can't be asked, ERR_CONFIG for the URL
 */
export async function inspectRedisStore(url: string): Promise<RedisStoreFacts> {
  const settings = readRedisStoreOptions(url, {})
  const connection = new StoreConnection(await createClient(settings.target, 200, 'store'))
  try {
    const key = headOf(settings.keyPrefix)
    const facts = await readServerFacts(connection, key, STEP_MS)
    const started = performance.now()
    const head = fieldsOf(await connection.send(STEP_MS, 'HGETALL', key))
    const roundTripMs = performance.now() - started
    const namespaces = [...head]
      .filter(([name]) => name.startsWith('ns:'))
      .toSorted(([, a], [, b]) => Number(a) - Number(b))
      .map(([name]) => name.slice('ns:'.length))
    const tolerance = head.get('tolerance')
    return {
      ...facts,
      keyPrefix: settings.keyPrefix,
      problem: problemOf(facts, settings),
      promise: promiseOf(facts.appendfsync),
      roundTripMs,
      namespaces: head.has('id') ? namespaces : undefined,
      toleranceSeconds: tolerance === undefined ? undefined : Number(tolerance),
    }
  } catch (error) {
    throw toRevocadeError(error, 'open')
  } finally {
    connection.close()
  }
}

function fieldsOf(reply: unknown): ReadonlyMap<string, string> {
  const words = Array.isArray(reply) ? reply.map(textOf) : []
  return new Map(words.flatMap((name, i) => (i % 2 === 0 ? [[name, words[i + 1] ?? ''] as const] : [])))
}
