import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './free-port.js'

/** An empty redis-server on loopback, for one case. */
export class RedisServer {
  readonly url: string
  readonly client: Redis
  readonly #process: ChildProcess
  readonly #directory: string

  private constructor(port: number, process: ChildProcess, directory: string) {
    this.url = `redis://127.0.0.1:${port}`
    this.client = new Redis(this.url, { retryStrategy: () => 20 })
    this.client.on('error', () => undefined) // it retries until the server listens
    this.#process = process
    this.#directory = directory
  }

  /**
   * @param args Further arguments. Without any it writes nothing to its disk.
   * @param parent Its data is in a folder of its own in there.
   */
  static async start(args: readonly string[] = [], parent = tmpdir()): Promise<RedisServer> {
    const path = binary()
    const port = await freePort()
    const directory = mkdtempSync(join(parent, 'revocade-bench-redis-'))
    const server = new RedisServer(
      port,
      spawn(path, ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', directory, ...args], {
        stdio: 'ignore',
      }),
      directory,
    )
    await server.client.ping()
    return server
  }

  async usedMemory(): Promise<number> {
    return Number(/^used_memory:(\d+)/m.exec(await this.client.info('memory'))?.[1])
  }

  /** Commands that the server has executed, without the INFO that asks. */
  async commands(): Promise<number> {
    const stats = await this.client.info('commandstats')
    let sum = 0
    for (const [, name, calls] of stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm))
      if (name !== 'info') sum += Number(calls)
    return sum
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.disconnect()
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

function binary(): string {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const paths = ['redis-server', 'valkey-server'].flatMap((name) =>
    folders.map((folder) => join(folder, name)),
  )
  const found = paths.find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new Error('the Redis cases need redis-server or valkey-server on PATH: install one of them')
}
