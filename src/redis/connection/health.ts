/** Sends a command; the reply as `callBuffer` of ioredis gives it. */
export type Send = (command: string, ...args: string[]) => Promise<unknown>

/** What a server says of itself. Null is what it does not say, or may not be asked. Of a cluster: of the node that happened to answer. */
export type RedisHealth = Readonly<{
  server: 'redis' | 'valkey'
  version: string | null
  /** `standalone`, `cluster` or `sentinel`. */
  mode: string | null
  /** Another one: another server, or the same one started anew. Null of a cluster, where each node has its own. */
  runId: string | null
  role: 'master' | 'replica' | null
  usedMemoryBytes: number | null
  /** 0: no limit. */
  maxMemoryBytes: number | null
  maxmemoryPolicy: string | null
  /** Since the server was started. */
  evictedKeys: number | null
  /** Whether it saves snapshots. Not asked where it keeps an append-only file. */
  rdb: boolean | null
  /** Whether it keeps an append-only file. */
  aof: boolean | null
  /** How far the server's clock is from ours at least: half a round trip may be on either side. */
  clockDistanceMs: number | null
}>

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

/** Something that should be looked after. Answers are right all the same. */
export interface HealthWarning {
  readonly code: HealthWarningCode
  /** `info`: nothing is wrong, it is only good to know. */
  readonly level: 'warn' | 'info'
  readonly message: string
  readonly advice: string
}

const CLOCK_TOLERANCE_MS = 1000
const FULL = 0.9

/**
 * Looks at a server: TIME and INFO, and of CONFIG what INFO leaves out. Rejects as `send` does where there is no INFO; what is
 * refused beside it is null. INFO is asked for all of it: servers before 7.0 take one section only.
 */
export async function readHealth(send: Send, clock: { now(): number }): Promise<RedisHealth> {
  const clockDistanceMs = await readClockDistance(send, clock).catch(() => null)
  const info = parseInfo(textOf(await send('INFO')))
  const mode = info.get('redis_mode') ?? info.get('server_mode') ?? null
  const valkey = info.get('valkey_version')
  const aof = flag(info.get('aof_enabled'))
  return {
    server: valkey === undefined && info.get('server_name') !== 'valkey' ? 'redis' : 'valkey',
    version: valkey ?? info.get('redis_version') ?? null,
    mode,
    runId: mode === 'cluster' ? null : (info.get('run_id') ?? null),
    role: roleOf(info.get('role')),
    usedMemoryBytes: numberOf(info.get('used_memory')),
    maxMemoryBytes: numberOf(info.get('maxmemory')),
    maxmemoryPolicy:
      info.get('maxmemory_policy') ??
      (await readConfig(send, 'maxmemory-policy')).get('maxmemory-policy') ??
      null,
    evictedKeys: numberOf(info.get('evicted_keys')),
    rdb: aof === true ? null : saves((await readConfig(send, 'save')).get('save')),
    aof,
    clockDistanceMs,
  }
}

/** The parameters that match a pattern; none where CONFIG may not be used, as with some hosted servers. */
export async function readConfig(send: Send, pattern: string): Promise<ReadonlyMap<string, string>> {
  const reply = await send('CONFIG', 'GET', pattern).catch(() => [])
  if (!Array.isArray(reply)) {
    // A map, where a client that was handed in asks for them.
    return new Map(
      Object.entries(typeof reply === 'object' && reply !== null ? reply : {}).map(([name, value]) => [
        name,
        textOf(value),
      ]),
    )
  }
  const words = reply.map(textOf)
  return new Map(words.flatMap((name, i) => (i % 2 === 0 ? [[name, words[i + 1] ?? ''] as const] : [])))
}

/** What should be looked after, and since the previous look where there was one. */
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
        'Nothing, if that was meant: the layer is filled from the store again. Else see the log of the server.',
      ),
    )
  }
  return found
}

function memoryWarnings(facts: RedisHealth, previous: RedisHealth | undefined): HealthWarning[] {
  const { usedMemoryBytes, maxMemoryBytes, maxmemoryPolicy, evictedKeys } = facts
  const found: HealthWarning[] = []
  const limited = maxMemoryBytes !== null && maxMemoryBytes > 0
  const evicts = maxmemoryPolicy !== null && maxmemoryPolicy !== 'noeviction'
  if (limited && evicts) {
    const which = maxmemoryPolicy.startsWith('volatile-')
      ? 'those that expire, as all keys of this layer do,'
      : 'any, those of this layer as well,'
    found.push(
      warn(
        'evicting-policy',
        `maxmemory-policy is ${maxmemoryPolicy}: at ${mebibytes(maxMemoryBytes)} keys are evicted, ${which} whatever they hold`,
        'Set maxmemory-policy noeviction, on a server that is for this alone. Answers stay right: what was evicted is asked of the store and written again.',
      ),
    )
  }
  // Of a cluster another node may have answered; after a restart the count begins anew.
  const comparable = facts.runId !== null && facts.runId === previous?.runId
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
        'Give the server more memory, or a server of its own to this. Until then answers come from the store more often.',
      ),
    )
  }
  if (limited && usedMemoryBytes !== null && usedMemoryBytes > maxMemoryBytes * FULL) {
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
        'Let a time service set both. No answer depends on it: it only moves when keys that have ended are dropped.',
      ),
    )
  }
  if (rdb === false && aof === false) {
    const advice =
      'Nothing has to be done: the store has it all, and fills the layer again. With a snapshot (save) that is quicker after a restart.'
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

/** The wall clocks are compared at the middle of the round trip; up to half of it, the difference may be the network's. */
async function readClockDistance(send: Send, clock: { now(): number }): Promise<number | null> {
  const sent = clock.now()
  const reply = await send('TIME')
  const received = clock.now()
  const [seconds, microseconds] = Array.isArray(reply) ? reply.map((part) => Number(textOf(part))) : []
  const theirs = seconds * 1000 + microseconds / 1000
  const distance = Math.abs(theirs - (sent + received) / 2) - Math.abs(received - sent) / 2
  return Number.isFinite(distance) ? Math.max(0, distance) : null
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^([^#:\r\n]+):([^\r\n]*)/gm)].map(([, name, value]) => [name, value]))
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null
}

function flag(text: string | undefined): boolean | null {
  return text === '1' ? true : text === '0' ? false : null
}

/** CONFIG's `save` lists when a snapshot is made; empty, none ever is. */
function saves(text: string | undefined): boolean | null {
  return text === undefined ? null : text.trim() !== ''
}

function roleOf(text: string | undefined): RedisHealth['role'] {
  if (text === 'master') return 'master'
  return text === 'slave' || text === 'replica' ? 'replica' : null
}

function olderThan(version: string, major: number, minor: number): boolean {
  const [theirMajor = 0, theirMinor = 0] = version.split('.').map(Number)
  return theirMajor < major || (theirMajor === major && theirMinor < minor)
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toLocaleString('en', { maximumFractionDigits: 1 })} MiB`
}
