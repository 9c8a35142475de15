import { randomBytes } from 'node:crypto'
import { RevocadeError } from '../../errors.js'
import type { RedisConnections } from '../../redis/connection/client.js'
import type { RedisSettings } from '../../redis/options.js'
import { fail, type Finding, median, millisecondsText, ok, warn, why } from './finding.js'
import { checkHealth } from './redis-health.js'

/** How long the server is waited for, to connect and for each reply. */
const PATIENCE_MS = 3000
const PINGS = 50
/** By default services wait 50 ms for a reply. */
const SLOW_MS = 25
/** As many entries as a bucket may have, and some more: it must still be stored packed. */
const BUCKET_ENTRIES = 340

/** Sends one command, and does not wait for ever. */
type Ask = (command: string, ...args: (string | number)[]) => Promise<unknown>

/** Speaks to the server as services do: commands, scripts on a key that is removed again, messages. */
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

/** Connects; undefined, or why that fails. The cause is in events: the rejection only says that the connection was closed. */
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
  // Of a cluster: what the last of its nodes said.
  const ofNode: unknown = Reflect.get(error, 'lastNodeError')
  if (ofNode instanceof Error) return reasonOf(ofNode)
  // Where a name has several addresses and none answers, there is a code and no message.
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' ? code : refusal(error)
}

/** What a server answers to a command that it does not know would otherwise have the beginning of a script in it. */
function refusal(error: unknown): string {
  return why(error).split(', with args beginning with')[0]
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
        'Use a server that is nearer, or raise redis.timeoutMs (50 ms by default): replies that come later are not waited for.',
      )
}

/** The script by which services write, on a bucket as large as they get, and how the server stores that. */
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
        'Let this user run EVAL, EVALSHA, and commands on hashes, on a server that takes writes. Until then the layer stays empty.',
      ),
    ]
  } finally {
    await ask('DEL', key).catch(() => undefined) // it ends in a minute
  }
}

/** Packed, an entry takes a third of what it takes otherwise. */
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
      'Set hash-max-listpack-entries 512 and hash-max-listpack-value 64 (hash-max-ziplist-… before 7.0): now buckets take several times the memory.',
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
      'Let this user use SUBSCRIBE and PUBLISH on channels that begin with the key prefix. Until then services hear of changes by polling the store.',
    )
  }
}

/** Rejects where there is nothing in time. The timer also keeps the process alive, which a connection alone does not. */
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
