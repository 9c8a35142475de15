import type { RedisStoreFacts } from '../../store/redis/index.js'
import type { StoreOptions } from '../options.js'
import { fail, type Finding, ok, warn } from './finding.js'
import { openedStore, roundTrip } from './opened-store.js'

/** Checks a Redis server and the store in it, and says what such a store promises. */
export async function checkRedisStore(options: StoreOptions): Promise<Finding[]> {
  const { inspectRedisStore } = await import('../../store/redis/index.js')
  const facts = await inspectRedisStore(options.store)
  const { problem, roundTripMs, namespaces, keyPrefix } = facts
  const findings = [server(facts), roundTrip(roundTripMs), durability(facts), memory(facts), replicas(facts)]
  if (problem !== undefined) return [...findings, fail('store', 'services refuse this server', problem)]
  return [...findings, ...(await openedStore(options, namespaces, `prefix ${keyPrefix}`))]
}

function server({ server: name, role }: RedisStoreFacts): Finding {
  const detail = `${name}, a ${role}`
  if (role === 'master') return ok('server', detail)
  return fail('server', detail, 'Give the address of the master, or those of the Sentinels.')
}

function durability({ appendOnly, appendfsync, promise }: RedisStoreFacts): Finding {
  const aof = appendOnly === undefined ? 'unknown' : appendOnly ? 'yes' : 'no'
  const detail = `appendonly ${aof}, appendfsync ${appendfsync ?? 'unknown'}`
  if (appendOnly === true && appendfsync === 'always') return ok('durability', `${detail}. ${promise}`)
  const advice = 'Set appendonly yes and appendfsync always; see docs/redis-store.md.'
  return warn('durability', `${detail}. ${promise}`, advice)
}

function memory({ maxmemoryPolicy, evictedKeys }: RedisStoreFacts): Finding {
  const detail = `maxmemory-policy ${maxmemoryPolicy ?? 'unknown'}, ${evictedKeys ?? 'unknown'} keys evicted`
  if (maxmemoryPolicy === 'noeviction') return ok('memory', detail)
  const evicts = maxmemoryPolicy?.startsWith('allkeys') === true
  const advice = 'Set maxmemory-policy noeviction, on a server that is for this alone.'
  return (evicts ? fail : warn)('memory', detail, advice)
}

function replicas({ connectedReplicas, minReplicasToWrite }: RedisStoreFacts): Finding {
  const least = minReplicasToWrite ?? 'unknown'
  const detail = `${connectedReplicas ?? 'unknown'} connected, min-replicas-to-write ${least}`
  if ((connectedReplicas ?? 0) === 0 || (minReplicasToWrite ?? 0) > 0) return ok('replicas', detail)
  const advice = "Set min-replicas-to-write 1, and '?wait=1' in the URL: less is then lost in a failover."
  return warn('replicas', detail, advice)
}
