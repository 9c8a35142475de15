import { RevocadeError } from '../../errors.js'
import type { Logger } from '../../ports/index.js'
import { parseInfo, readConfig, textOf } from '../../redis/connection/health.js'
import type { StoreConnection } from './connection.js'
import { describe } from './errors.js'
import type { RedisStoreSettings } from './options.js'
import { Script } from './scripts/script.js'

/** What a server says of itself that matters to a store. A field is undefined if it does not say. */
export interface RedisServerFacts {
  /** `Redis 7.0.15`, `Valkey 8.0.1`. */
  readonly server: string
  readonly role: 'master' | 'replica' | 'sentinel'
  /** Whether it keeps an append-only file. */
  readonly appendOnly: boolean | undefined
  readonly appendfsync: string | undefined
  readonly maxmemoryPolicy: string | undefined
  readonly evictedKeys: number | undefined
  readonly connectedReplicas: number | undefined
  readonly minReplicasToWrite: number | undefined
}

/** Sent as a script, so that the node of a cluster answers that has the store. */
const INFO = new Script("return redis.call('INFO')")

/** Reads what a server says. `key` is a key of the store. */
export async function readServerFacts(
  connection: StoreConnection,
  key: string,
  timeoutMs: number,
): Promise<RedisServerFacts> {
  const info = parseInfo(textOf(await connection.run(INFO, key, [], timeoutMs)))
  const config = async (name: string): Promise<string | undefined> =>
    (await readConfig((command, ...args) => connection.send(timeoutMs, command, ...args), name)).get(name)
  const number = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : Number(text)
  const valkey = info.get('valkey_version')
  const aof = info.get('aof_enabled')
  return {
    server: valkey === undefined ? `Redis ${info.get('redis_version') ?? '?'}` : `Valkey ${valkey}`,
    role: roleOf(info),
    appendOnly: aof === undefined ? undefined : aof === '1',
    appendfsync: await config('appendfsync'),
    maxmemoryPolicy: info.get('maxmemory_policy'),
    evictedKeys: number(info.get('evicted_keys')),
    connectedReplicas: number(info.get('connected_slaves')),
    minReplicasToWrite: number(await config('min-replicas-to-write')),
  }
}

function roleOf(info: ReadonlyMap<string, string>): RedisServerFacts['role'] {
  if (info.get('redis_mode') === 'sentinel') return 'sentinel'
  return info.get('role') === 'master' ? 'master' : 'replica'
}

/** What is wrong with a server for a store: the first thing found. Undefined if it will do. */
export function problemOf(
  facts: RedisServerFacts,
  { durability }: Pick<RedisStoreSettings, 'durability'>,
): string | undefined {
  const { role, maxmemoryPolicy = 'noeviction', appendOnly, appendfsync } = facts
  if (role === 'replica') return describe(new Error('RV-REPLICA'))
  if (maxmemoryPolicy.startsWith('allkeys'))
    return `maxmemory-policy is ${maxmemoryPolicy}, so the server may drop any key: set it to noeviction`
  if (durability === 'trust') return undefined
  if (appendOnly !== true)
    return (
      'the server keeps no append-only file (appendonly no), so a restart would lose revocations, ' +
      `snapshots or not: set appendonly yes${UNLESS}`
    )
  if (appendfsync === undefined)
    return `the server does not tell its appendfsync (it refuses CONFIG GET): allow that command${UNLESS}`
  if (appendfsync === 'no')
    return `appendfsync is no, so a crash may lose half a minute: set appendfsync always or everysec${UNLESS}`
  return undefined
}

const UNLESS =
  ". If the service that runs it makes writes durable in another way, say so: '?durability=trust' in " +
  "the URL, or the option durability: 'trust'"

/**
 * Refuses a server that can't keep what a store promises.
 *
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE with what to do
 */
export function requireUsable(facts: RedisServerFacts, settings: RedisStoreSettings, logger: Logger): void {
  const problem = problemOf(facts, settings)
  if (problem !== undefined)
    throw new RevocadeError('ERR_STORE_UNAVAILABLE', `the Redis store can't be opened: ${problem}`)
  const { maxmemoryPolicy } = facts
  if (maxmemoryPolicy?.startsWith('volatile') === true)
    logger.warn(
      { maxmemoryPolicy },
      'maxmemory-policy drops keys that expire. Those of the store do not, but noeviction is the safe choice',
    )
}
