import { randomBytes } from 'node:crypto'
import { RevocadeError } from '../../errors.js'
import type { RedisConnections } from '../../redis/connection/client.js'
import type { RedisSettings } from '../../redis/options.js'
import { median } from '../statistics.js'
import { fail, type Finding, millisecondsText, ok, warn, why } from './finding.js'
import { checkHealth } from './redis-health.js'

/** Milliseconds to wait for the connection and for each reply. */
const PATIENCE_MS = 3000
const PINGS = 50
/** Milliseconds of a slow round trip: half of what services wait for a reply by default. */
const SLOW_MS = 25
/** Slightly more entries than a bucket may have: the server must still store it packed. */
const BUCKET_ENTRIES = 340

/** Sends one command and waits at most {@link PATIENCE_MS}. */
type Ask = (command: string, ...args: (string | number)[]) => Promise<unknown>

/** Uses the server as services do: commands, scripts on a temporary key, messages. */
export async function checkRedis(settings: RedisSettings): Promise<Finding[]> {
  let connections: RedisConnections
  try {
    const { connectRedis } = await import('../../redis/connection/connect.js')
    connections = await connectRedis(settings)
  } catch (error) {
    if (error instanceof RevocadeError)
      return [fail('Redis', `${error.code}: ${error.message}`, 'Services with a Redis do not start either.')]
    throw error
  }
  const { commands, subscriber, description } = connections
  try {
    const failure = await reach(commands)
    if (failure !== undefined) {
      return [
        fail(
          'Redis',
          `${description}: ${failure}`,
          'Check --redis or REVOCADE_REDIS_URL. Services work without it, and ask the store instead.',
        ),
      ]
    }
    const ask: Ask = (command, ...args) => within(commands.callBuffer(command, ...args))
    return [
      ok('Redis', description),
      ...(await checkHealth(ask)),
      await roundTrip(ask),
      ...(await scripts(ask, `${settings.keyPrefix}:{doctor-${randomBytes(8).toString('hex')}}`)),
      await messages(connections, `${settings.keyPrefix}:{doctor-${randomBytes(8).toString('hex')}}`),
    ]
  } finally {
    commands.disconnect()
    subscriber.disconnect()
  }
}

/**
 * Connects, and returns the reason if that fails. The reason comes from `error` events, because the rejection
 * only says that the connection was closed.
 */
async function reach(client: RedisConnections['commands']): Promise<string | undefined> {
  let cause: unknown
  const hear = (error: unknown): void => {
    cause = error
  }
  client.on('error', hear)
  try {
    await within(client.connect())
    return undefined
  } catch (error) {
    return reasonOf(cause ?? error)
  } finally {
    client.off('error', hear)
  }
}

function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return why(error)
  // A cluster client keeps the error of the last node that it tried.
  const ofNode: unknown = Reflect.get(error, 'lastNodeError')
  if (ofNode instanceof Error) return reasonOf(ofNode)
  // When a name has several addresses and none answers, the error has a code and no message.
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' ? code : refusal(error)
}

/**
 * The reason without the arguments that a server quotes of an unknown command: they may be a whole script.
 */
function refusal(error: unknown): string {
  const [reason = ''] = why(error).split(', with args beginning with')
  return reason
}

async function roundTrip(ask: Ask): Promise<Finding> {
  const times: number[] = []
  try {
    for (let i = 0; i < PINGS; i++) {
      const started = performance.now()
      await ask('PING')
      times.push(performance.now() - started)
    }
  } catch (error) {
    return fail('Redis round trip', why(error), 'It does not answer reliably: see its log and the network.')
  }
  const detail = `${millisecondsText(median(times))} (median of ${PINGS})`
  return median(times) <= SLOW_MS
    ? ok('Redis round trip', detail)
    : warn(
        'Redis round trip',
        detail,
        'Use a nearer server, or raise redis.timeoutMs (default: 50), the milliseconds that services wait.',
      )
}

/**
 * Runs the script that services write with, on a bucket of the largest size, and reads how the server stores
 * it.
 */
async function scripts(ask: Ask, key: string): Promise<Finding[]> {
  try {
    const { BUCKET_SCRIPT } = await import('../../redis/prefix-cache/bucket-script.js')
    const entries = Array.from({ length: BUCKET_ENTRIES }, (_, i) => [
      `f${String(i).padStart(5, '0')}`,
      '8 bytes!',
    ]).flat()
    const reply = await ask(
      'EVAL',
      BUCKET_SCRIPT.source,
      1,
      key,
      '',
      'version of 14 B',
      60_000,
      1,
      BUCKET_ENTRIES + 1,
      0,
      ...entries,
    )
    if (!Array.isArray(reply) || reply[0] !== 1)
      return [
        fail(
          'Redis scripts',
          'a bucket could not be written',
          'Something between here and the server changes replies. Connect without it.',
        ),
      ]
    return [ok('Redis scripts', 'buckets can be written'), await encoding(ask, key)]
  } catch (error) {
    return [
      fail(
        'Redis scripts',
        refusal(error),
        'Let this user run EVAL, EVALSHA and commands on hashes, on a server that accepts writes. ' +
          'Until then the prefix cache stays empty.',
      ),
    ]
  } finally {
    await ask('DEL', key).catch(() => undefined) // otherwise the key expires after a minute
  }
}

/** Checks that buckets are stored packed, which takes a third of the memory. */
async function encoding(ask: Ask, key: string): Promise<Finding> {
  const { readConfig } = await import('../../redis/connection/health.js')
  const limits = [...(await readConfig(ask, 'hash-max-*'))]
    .filter(([name]) => name.includes('listpack'))
    .map(([name, value]) => `${name} ${value}`)
  try {
    const kind = String(await ask('OBJECT', 'ENCODING', key))
    const detail = [`a bucket is stored as ${kind}`, ...limits].join(', ')
    if (kind !== 'hashtable') return ok('Redis hashes', detail)
    return warn(
      'Redis hashes',
      detail,
      'Set hash-max-listpack-entries 512 and hash-max-listpack-value 64 (hash-max-ziplist-… before 7.0): ' +
        'now buckets take several times the memory.',
    )
  } catch (error) {
    return ok('Redis hashes', [`not told (${why(error)})`, ...limits].join(', '))
  }
}

async function messages({ commands, subscriber }: RedisConnections, channel: string): Promise<Finding> {
  const started = performance.now()
  try {
    await within(subscriber.connect())
    await within(subscriber.subscribe(channel))
    const heard = new Promise<void>((resolve) => subscriber.on('message', () => resolve()))
    await within(commands.callBuffer('PUBLISH', channel, 'doctor'))
    await within(heard)
    return ok(
      'Redis messages',
      `heard ${millisecondsText(performance.now() - started)} after connecting for them`,
    )
  } catch (error) {
    return warn(
      'Redis messages',
      refusal(error),
      'Let this user use SUBSCRIBE and PUBLISH on channels that begin with the key prefix. ' +
        'Until then services learn of changes by polling the store.',
    )
  }
}

/** Rejects a late reply. The timer also keeps the process alive, which the connection alone does not. */
async function within<T>(reply: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no reply within ${PATIENCE_MS} ms`)), PATIENCE_MS)
  })
  try {
    return await Promise.race([reply, late])
  } finally {
    clearTimeout(timer)
  }
}
