import { readHealth, type RedisHealth, type Send } from '../../redis/connection/health.js'
import { type HealthWarningCode, warningsOf } from '../../redis/connection/health-warnings.js'
import { bytes } from '../output/format-numbers.js'
import { type Finding, millisecondsText, ok, warn, why } from './finding.js'

/** Checks what the server reports about itself, with the warnings that services would log. */
export async function checkHealth(send: Send): Promise<Finding[]> {
  let facts: RedisHealth
  try {
    facts = await readHealth(send, Date)
  } catch (error) {
    return [
      warn(
        'Redis server',
        `it does not answer INFO: ${why(error)}`,
        'Let this user run INFO: services need it to warn about the state of the server.',
      ),
    ]
  }
  const warnings = warningsOf(facts)
  const judge = (check: string, detail: string, ...codes: HealthWarningCode[]): Finding => {
    const found = warnings.find(({ code }) => codes.includes(code))
    if (found === undefined) return ok(check, detail)
    return found.level === 'warn' ? warn(check, found.message, found.advice) : ok(check, found.message)
  }
  const { server, version, mode, role, maxmemoryPolicy, evictedKeys, clockDistanceMs } = facts
  return [
    judge(
      'Redis server',
      [`${server} ${version ?? ''}`.trim(), mode, role].filter((part) => part !== null).join(', '),
      'sentinel',
      'replica',
      'old-version',
    ),
    judge('Redis memory', memory(facts), 'memory'),
    judge(
      'Redis eviction',
      `maxmemory-policy ${maxmemoryPolicy ?? 'not told'}, ${evictedKeys ?? 'unknown'} evicted so far`,
      'evicting-policy',
    ),
    judge(
      'Redis clock',
      clockDistanceMs === null
        ? 'not told'
        : `about ${millisecondsText(Math.ceil(clockDistanceMs))} from ours`,
      'clock',
    ),
    judge('Redis persistence', persistence(facts), 'no-persistence'),
  ]
}

function memory({ usedMemoryBytes, maxMemoryBytes }: RedisHealth): string {
  const used = usedMemoryBytes === null ? 'not told' : `${bytes(usedMemoryBytes)} used`
  if (maxMemoryBytes === null) return used
  return maxMemoryBytes === 0 ? `${used}, no limit` : `${used} of ${bytes(maxMemoryBytes)}`
}

function persistence({ rdb, aof }: RedisHealth): string {
  if (aof === true) return 'an append-only file'
  return rdb === true ? 'snapshots' : 'not told'
}
