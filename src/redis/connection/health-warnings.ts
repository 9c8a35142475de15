import type { RedisHealth } from './health.js'

/** The stable codes of {@link HealthWarning}. */
export type HealthWarningCode =
  | 'sentinel'
  | 'replica'
  | 'evicting-policy'
  | 'evicted-keys'
  | 'memory'
  | 'restarted'
  | 'old-version'
  | 'clock'
  | 'no-persistence'

/** A condition that an operator should look after. No answer is wrong because of it. */
export interface HealthWarning {
  readonly code: HealthWarningCode
  /** `info`: nothing is wrong. */
  readonly level: 'warn' | 'info'
  readonly message: string
  readonly advice: string
}

/** Difference of the clocks that is reported, in milliseconds. */
const CLOCK_TOLERANCE_MS = 1000
/** Share of maxmemory above which its use is reported. */
const MEMORY_WARNING_SHARE = 0.9

/** Conditions that an operator should look after. `previous`: the state at the last check, to see changes. */
export function warningsOf(facts: RedisHealth, previous?: RedisHealth): HealthWarning[] {
  if (facts.mode === 'sentinel') {
    return [
      warn(
        'sentinel',
        'a Sentinel answers, which keeps no data',
        'Name the master that it watches: redis://host1:26379,host2:26379/name.',
      ),
    ]
  }
  return [...placeWarnings(facts, previous), ...memoryWarnings(facts, previous), ...machineWarnings(facts)]
}

function placeWarnings({ role, runId }: RedisHealth, previous: RedisHealth | undefined): HealthWarning[] {
  const found: HealthWarning[] = []
  if (role === 'replica') {
    found.push(
      warn(
        'replica',
        'the server is a replica: it refuses writes',
        'Give the address of its master, or those of the Sentinels: redis://host1:26379,host2:26379/name.',
      ),
    )
  }
  if (typeof previous?.runId === 'string' && runId !== null && previous.runId !== runId) {
    found.push(
      warn(
        'restarted',
        'the server was started anew, or is another one',
        'Nothing, if that was meant: the layer is filled from the store again. Else see the ' +
          'log of the server.',
      ),
    )
  }
  return found
}

function memoryWarnings(facts: RedisHealth, previous: RedisHealth | undefined): HealthWarning[] {
  return [...policyWarnings(facts), ...evictionWarnings(facts, previous), ...limitWarnings(facts)]
}

function policyWarnings({ maxMemoryBytes, maxmemoryPolicy }: RedisHealth): HealthWarning[] {
  if (maxMemoryBytes === null || maxMemoryBytes === 0) return []
  const found: HealthWarning[] = []
  const evicts = maxmemoryPolicy !== null && maxmemoryPolicy !== 'noeviction'
  if (evicts) {
    const which = maxmemoryPolicy.startsWith('volatile-')
      ? 'those that expire, as all keys of this layer do,'
      : 'any, those of this layer as well,'
    found.push(
      warn(
        'evicting-policy',
        `maxmemory-policy is ${maxmemoryPolicy}: at ${mebibytes(maxMemoryBytes)} ` +
          `keys are evicted, ${which} whatever they hold`,
        'Set maxmemory-policy noeviction, on a server that is for this alone. Answers stay ' +
          'right: what was evicted is asked of the store and written again.',
      ),
    )
  }
  return found
}

function limitWarnings({ usedMemoryBytes, maxMemoryBytes, maxmemoryPolicy }: RedisHealth): HealthWarning[] {
  if (maxMemoryBytes === null || maxMemoryBytes === 0) return []
  const found: HealthWarning[] = []
  const evicts = maxmemoryPolicy !== null && maxmemoryPolicy !== 'noeviction'
  if (usedMemoryBytes !== null && usedMemoryBytes > maxMemoryBytes * MEMORY_WARNING_SHARE) {
    found.push(
      warn(
        'memory',
        `${mebibytes(usedMemoryBytes)} of ${mebibytes(maxMemoryBytes)} are used`,
        evicts
          ? 'Raise maxmemory before keys are evicted.'
          : 'Raise maxmemory: at the limit writes are refused, and ever more answers come from the store.',
      ),
    )
  }
  return found
}

function evictionWarnings(
  { evictedKeys, runId }: RedisHealth,
  previous: RedisHealth | undefined,
): HealthWarning[] {
  const found: HealthWarning[] = []
  // Another node of a cluster may have answered, and the count begins anew after a restart.
  const comparable = runId !== null && runId === previous?.runId
  if (
    comparable &&
    evictedKeys !== null &&
    previous.evictedKeys !== null &&
    evictedKeys > previous.evictedKeys
  ) {
    found.push(
      warn(
        'evicted-keys',
        `${evictedKeys - previous.evictedKeys} keys were evicted since the last look`,
        'Give the server more memory, or a server of its own to this. Until then answers ' +
          'come from the store more often.',
      ),
    )
  }
  return found
}

function machineWarnings({ server, version, clockDistanceMs, rdb, aof }: RedisHealth): HealthWarning[] {
  const found: HealthWarning[] = []
  if (server === 'redis' && version !== null && olderThan(version, 6, 2)) {
    found.push(
      warn(
        'old-version',
        `Redis ${version} is older than 6.2`,
        'Update it: nobody has tried this layer with it.',
      ),
    )
  }
  if (clockDistanceMs !== null && clockDistanceMs > CLOCK_TOLERANCE_MS) {
    found.push(
      warn(
        'clock',
        `the clock of the server is ${(clockDistanceMs / 1000).toFixed(1)} s from ours`,
        'Let a time service set both. No answer depends on it: it only moves when keys that ' +
          'have ended are dropped.',
      ),
    )
  }
  if (rdb === false && aof === false) {
    const advice =
      'Nothing has to be done: the store has it all, and fills the layer again. With a ' +
      'snapshot (save) that is quicker after a restart.'
    found.push({
      code: 'no-persistence',
      level: 'info',
      message: 'the server keeps nothing on its disk',
      advice,
    })
  }
  return found
}

function warn(code: HealthWarningCode, message: string, advice: string): HealthWarning {
  return { code, level: 'warn', message, advice }
}

function olderThan(version: string, major: number, minor: number): boolean {
  const [theirMajor = 0, theirMinor = 0] = version.split('.').map(Number)
  return theirMajor < major || (theirMajor === major && theirMinor < minor)
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toLocaleString('en', { maximumFractionDigits: 1 })} MiB`
}
