import { Redis, type RedisOptions } from 'ioredis'
import { inject, onTestFinished, TestRunner } from 'vitest'
import type { RedisChoice } from './choice.js'
import { ServerContainer } from './container.js'
import { ServerProcess } from './server-process.js'
import type { ServerRunner } from './server-runner.js'

// For a hook: `beforeAll(async () => { redis = await startRedis(); return redis.stop })`.
// The end of a test stops the server by itself.

/**
 * A server of the caller's own, empty, on loopback: to be stopped, killed, flushed and filled.
 * @param options.args Further options of redis-server, such as `['--appendonly', 'yes']`. Without any it
 * keeps nothing on its disk.
 */
export async function startRedis({
  args = [],
}: { readonly args?: readonly string[] } = {}): Promise<RedisServer> {
  const { own } = chosen()
  if (own.kind === 'none') throw new Error(own.whatToDo)
  const runner =
    own.kind === 'binary' ? new ServerProcess(own.path, args) : new ServerContainer(own.image, args)
  const server = new RedisServer(runner)
  if (TestRunner.getCurrentTest() !== undefined) onTestFinished(server.stop)
  try {
    await runner.start(true)
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

/**
 * A server for what does no harm to others on it: the one of REVOCADE_TEST_REDIS_URL, which may hold
 * anything, or else one of the caller's own. Use keys of your own. What changes all keys or clients
 * (FLUSHALL, CONFIG SET) needs {@link startRedis}.
 */
export async function borrowRedis(): Promise<RedisAccess> {
  const { given } = chosen()
  if (given === null) return startRedis()
  const access = new GivenRedis(given)
  if (TestRunner.getCurrentTest() !== undefined) onTestFinished(access.stop)
  return access
}

/** What global-setup.ts found. */
function chosen(): RedisChoice {
  const choice = inject('redis') as RedisChoice | undefined
  if (choice === undefined)
    throw new Error('this test needs a Redis: add its file to WITH_REDIS in vitest.config.ts')
  return choice
}

/** A server that answers, and how to look at it. */
export abstract class RedisAccess {
  abstract readonly url: string
  readonly #clients: Redis[] = []
  #looking: Redis | undefined

  /**
   * A client for the test's own use, which comes back soon after the server has.
   * The end of the server's use ends it.
   */
  client(options: Omit<RedisOptions, 'replyMapping'> = {}): Redis {
    const client = new Redis(this.url, { retryStrategy: () => 20, ...options })
    client.on('error', () => undefined) // commands reject; it tries again
    this.#clients.push(client)
    return client
  }

  /** Sends one command on a connection kept for that: `command('CONFIG', 'SET', 'maxmemory', '1mb')`. */
  command(name: string, ...args: (string | number | Buffer)[]): Promise<unknown> {
    this.#looking ??= this.client({
      enableReadyCheck: false,
      disableClientInfo: true,
      commandTimeout: 10_000,
    })
    return this.#looking.call(name, ...args)
  }

  readonly stop = async (): Promise<void> => {
    for (const client of this.#clients) client.disconnect()
    await this.remove()
  }

  protected abstract remove(): Promise<void>
}

class GivenRedis extends RedisAccess {
  readonly url: string

  constructor(url: string) {
    super()
    this.url = url
  }

  protected remove(): Promise<void> {
    return Promise.resolve()
  }
}

/** A server of the test's own. */
export class RedisServer extends RedisAccess {
  readonly #runner: ServerRunner

  constructor(runner: ServerRunner) {
    super()
    this.#runner = runner
  }

  get url(): string {
    return `redis://${this.#runner.host}:${this.#runner.port}`
  }

  get port(): number {
    return this.#runner.port
  }

  /** The same server by a Unix socket. */
  get socketPath(): string {
    return this.#runner.socketPath
  }

  /** True: SIGSTOP, and connections hang; false: SIGCONT, and what was sent meanwhile is answered. */
  suspend(suspended: boolean): Promise<void> {
    return this.#runner.suspend(suspended)
  }

  /** SIGKILL: nothing is saved. Resolves once it is gone and connections to its port are refused. */
  kill(): Promise<void> {
    return this.#runner.kill()
  }

  /**
   * Kills it, if it runs, and starts it again at the same address.
   * @param options.empty Whether what it kept on its disk (see `args`) is lost as well.
   */
  async restart({ empty = false }: { readonly empty?: boolean } = {}): Promise<void> {
    await this.#runner.kill()
    await this.#runner.start(empty)
  }

  protected remove(): Promise<void> {
    return this.#runner.remove()
  }
}
