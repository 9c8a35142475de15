/** Sends a command; resolves with the reply of ioredis' `callBuffer`. */
export type Send = (command: string, ...args: string[]) => Promise<unknown>

/**
 * The state that a server reports. A field is null if the server does not report it or refuses the command.
 * In a cluster it is the state of the node that answered.
 */
export type RedisHealth = Readonly<{
  server: 'redis' | 'valkey'
  version: string | null
  /** `standalone`, `cluster` or `sentinel`. */
  mode: string | null
  /** It changes when the server is restarted or replaced. Null for a cluster: each node has its own. */
  runId: string | null
  role: 'master' | 'replica' | null
  usedMemoryBytes: number | null
  /** 0 means no limit. */
  maxMemoryBytes: number | null
  maxmemoryPolicy: string | null
  /** Number of keys since the start of the server. */
  evictedKeys: number | null
  /** Whether it saves snapshots. Null also if it keeps an append-only file. */
  rdb: boolean | null
  /** Whether it keeps an append-only file. */
  aof: boolean | null
  /** Difference of the clocks, less half a round trip, which the network can cause. */
  clockDistanceMs: number | null
}>

/**
 * Reads the state of a server by TIME, INFO, and CONFIG for values that INFO lacks. Rejects if INFO fails;
 * other refusals give null. INFO reads all sections, since servers before 7.0 accept one section only.
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

/** Reads the parameters that match a pattern; none if the server refuses CONFIG (some hosted servers do). */
export async function readConfig(send: Send, pattern: string): Promise<ReadonlyMap<string, string>> {
  const reply = await send('CONFIG', 'GET', pattern).catch(() => [])
  if (!Array.isArray(reply)) {
    // A client that a caller configured for RESP3 maps replies with an object.
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

/** Compares the clocks at the middle of the round trip. The network can cause half of it as difference. */
async function readClockDistance(send: Send, clock: { now(): number }): Promise<number | null> {
  const sent = clock.now()
  const reply = await send('TIME')
  const received = clock.now()
  const [seconds = NaN, microseconds = NaN] = Array.isArray(reply)
    ? reply.map((part) => Number(textOf(part)))
    : []
  const theirs = seconds * 1000 + microseconds / 1000
  const distance = Math.abs(theirs - (sent + received) / 2) - Math.abs(received - sent) / 2
  return Number.isFinite(distance) ? Math.max(0, distance) : null
}

/** The fields of a reply of INFO. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.matchAll(/^([^#:\r\n]+):([^\r\n]*)/gm)
  return new Map([...lines].map(([, name = '', value = '']) => [name, value]))
}

/** A reply of bytes, text or a number as text. */
export function textOf(value: unknown): string {
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

/** The parameter `save` lists the conditions for a snapshot. If it is empty, the server makes none. */
function saves(text: string | undefined): boolean | null {
  return text === undefined ? null : text.trim() !== ''
}

function roleOf(text: string | undefined): RedisHealth['role'] {
  if (text === 'master') return 'master'
  return text === 'slave' || text === 'replica' ? 'replica' : null
}
