import { RevocadeError } from '../../errors.js'
import type { RedisClient } from '../../redis/connection/client.js'
import { createClient } from '../../redis/connection/connect.js'
import { readRedisOptions, type RedisSettings } from '../../redis/options.js'
import { CliError } from '../errors.js'

/** Keys that the server looks at in one step: it serves nobody else meanwhile, for about a millisecond. */
const STEP = 1000
/** Keys that are asked about at once. */
const ASKED_TOGETHER = 500
/** Longest wait for a reply, in milliseconds. The server may be far away, and busy with its services. */
const TIMEOUT_MS = 10_000

/** A key of Redis. */
export interface RedisKey {
  readonly name: Buffer
  /** As the command TYPE has it; `none` if the key was there a moment ago and is gone. */
  readonly type: string
  /** Milliseconds until it expires; -1 if it never does. */
  readonly ttlMs: number
}

/** A server, and which of the others belong to its cluster. */
type ClusterClient = RedisClient & { readonly nodes?: (role: 'master') => readonly RedisClient[] }

/**
 * Reads the keys that match a pattern, page by page, in bounded steps. SCAN returns every key that is there
 * from its beginning to its end, some of them twice, and perhaps those that come or go meanwhile.
 *
 * It is bound to one server: a cursor is worth nothing on another one. So it ends with an error when a
 * connection is lost, or when a cluster moves slots.
 *
 * @param url - of a server, or of some nodes of a cluster, of which each master is read
 * @param flag - where the URL stands, for the message
 * @throws {CliError} ERR_CONFIG when the URL is not usable
 * @throws {RevocadeError} ERR_CONFIG when ioredis is missing
 * @throws {CliError} ERR_UNAVAILABLE when the server can't be read to the end
 */
export async function* readRedisKeys(
  url: string,
  match: string,
  flag = '--from-url',
): AsyncGenerator<readonly RedisKey[], void, void> {
  const { target } = settingsOf(url, flag)
  const client: ClusterClient = await createClient(target, TIMEOUT_MS, '--from-redis')
  const server = new Server(client, target.kind === 'client' ? '' : target.description)
  try {
    yield* server.keys(match)
  } finally {
    client.disconnect()
  }
}

/** @throws {CliError} ERR_CONFIG when the URL is not usable */
function settingsOf(url: string, flag: string): RedisSettings {
  try {
    return readRedisOptions(url)
  } catch (error) {
    if (!(error instanceof RevocadeError)) throw error
    throw new CliError(error.code, error.message.replace(/^option 'redis(?:\.url)?'/, flag))
  }
}

class Server {
  readonly #client: ClusterClient
  readonly #description: string
  #lost = false
  #why: unknown

  constructor(client: ClusterClient, description: string) {
    this.#client = client
    this.#description = description
    client.on('error', (error: unknown) => {
      this.#why = error
    })
  }

  async *keys(match: string): AsyncGenerator<readonly RedisKey[], void, void> {
    const client = this.#client
    await this.#ask('the connection', client.connect())
    const nodes = client.isCluster === true ? (client.nodes?.('master') ?? []) : [client]
    for (const node of nodes) this.#watch(node)
    const slots = await this.#slots(nodes)
    for (const node of nodes) yield* this.#scan(node, match)
    if ((await this.#slots(nodes)) !== slots) throw this.#unreadable('the cluster has moved slots')
  }

  async *#scan(node: RedisClient, match: string): AsyncGenerator<readonly RedisKey[], void, void> {
    let cursor = '0'
    do {
      const reply = await this.#call(node, 'SCAN', cursor, 'MATCH', match, 'COUNT', STEP)
      this.#checkConnection()
      const [next, names] = Array.isArray(reply) ? (reply as readonly unknown[]) : []
      if (!Buffer.isBuffer(next) || !Array.isArray(names)) throw this.#unreadable('it does not answer SCAN')
      cursor = next.toString()
      const found = names.filter((name) => Buffer.isBuffer(name))
      for (let at = 0; at < found.length; at += ASKED_TOGETHER)
        yield await this.#look(found.slice(at, at + ASKED_TOGETHER))
    } while (cursor !== '0')
  }

  /** Of a cluster, the client asks the node that has the key. */
  async #look(names: readonly Buffer[]): Promise<readonly RedisKey[]> {
    const client = this.#client
    const one = async (name: Buffer): Promise<RedisKey> => {
      const [type, ttlMs] = await Promise.all([
        answerTo('TYPE', client.callBuffer('TYPE', name)),
        answerTo('PTTL', client.callBuffer('PTTL', name)),
      ])
      const isGone = typeof ttlMs !== 'number' || ttlMs === -2
      return isGone ? { name, type: 'none', ttlMs: 0 } : { name, type: String(type), ttlMs }
    }
    const found = await this.#ask('TYPE and PTTL', Promise.all(names.map(one)))
    // On another server every key would be gone.
    this.#checkConnection()
    return found
  }

  /** Which master has which slots, as one of them sees it; the same text for a server alone. */
  async #slots([node]: readonly RedisClient[]): Promise<string> {
    if (node === undefined || this.#client.isCluster !== true) return ''
    const reply = await this.#call(node, 'CLUSTER', 'SLOTS')
    const ranges = Array.isArray(reply) ? (reply as readonly unknown[]) : []
    return JSON.stringify(
      ranges.map((range) => {
        const [first, last, master] = Array.isArray(range) ? (range as readonly unknown[]) : []
        return [first, last, Array.isArray(master) ? master.slice(0, 2).map(String) : []]
      }),
    )
  }

  /** The client connects again by itself, perhaps to an empty server or to another one. */
  #checkConnection(): void {
    if (this.#lost) throw this.#unreadable('the connection was lost')
  }

  #watch(node: RedisClient): void {
    const lost = (): void => {
      this.#lost = true
    }
    node.on('close', lost)
    node.on('end', lost)
  }

  #call(client: RedisClient, command: string, ...args: (string | number | Buffer)[]): Promise<unknown> {
    return this.#ask(command, client.callBuffer(command, ...args))
  }

  async #ask<T>(what: string, answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no reply to ${what} in ${TIMEOUT_MS} ms`)), TIMEOUT_MS)
    })
    try {
      return await Promise.race([answerTo(what, answer), late])
    } catch (error) {
      throw this.#unreadable(this.#reasonOf(error))
    } finally {
      clearTimeout(timer)
    }
  }

  /** ioredis says only that the connection is closed. Why, its event has said before. */
  #reasonOf(error: unknown): string {
    const why = error instanceof Error && /connection is closed/i.test(error.message) ? this.#why : undefined
    if (isReplyError(why)) return refusal('the connection', why)
    const { message = '', code = '' } = (why ?? error) as { message?: string; code?: string }
    return message === '' ? code : message
  }

  /** Without the error as its `cause`, which would be printed too: the command of it may hold a key. */
  #unreadable(why: string): CliError {
    return new CliError(
      'ERR_UNAVAILABLE',
      `the keys of ${this.#description} can't be read to the end: ${why}. Run the import again`,
    )
  }
}

/** The answer to a command. Of an error that the server replies, only what {@link refusal} lets through. */
async function answerTo<T>(command: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw isReplyError(error) ? new Error(refusal(command, error)) : error
  }
}

const isReplyError = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError'

/** The server quotes arguments, such as a key that holds a token, or a password. The first word is a code. */
function refusal(command: string, { message }: Error): string {
  const code = /^[A-Z]{1,32}\b/.exec(message)?.[0] ?? 'an error'
  return `the server answers ${command} with ${code}`
}
