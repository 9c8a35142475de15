import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'

/** An empty redis-server of the benchmark's own, on loopback, that keeps nothing on its disk. */
export class RedisServer {
  readonly url: string
  readonly client: Redis
  readonly #process: ChildProcess
  readonly #directory: string

  private constructor(port: number, process: ChildProcess, directory: string) {
    this.url = `redis://127.0.0.1:${port}`
    this.client = new Redis(this.url, { retryStrategy: () => 20 })
    this.client.on('error', () => undefined) // until it is up
    this.#process = process
    this.#directory = directory
  }

  static async start(): Promise<RedisServer> {
    const port = await freePort()
    const directory = mkdtempSync(join(tmpdir(), 'revocade-bench-redis-'))
    const process = spawn('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', directory], { stdio: 'ignore' })
    const missing = new Promise<never>((_, reject) => process.once('error', (cause) =>
      reject(new Error('the Redis cases need redis-server on PATH: install it (Debian: apt-get install redis-server)', { cause }))))
    const server = new RedisServer(port, process, directory)
    try {
      await Promise.race([server.client.ping(), missing])
    } catch (error) {
      server.client.disconnect()
      throw error
    }
    return server
  }

  async usedMemory(): Promise<number> {
    return Number(/^used_memory:(\d+)/m.exec(await this.client.info('memory'))?.[1])
  }

  /** Commands executed so far, besides the ones that ask this. */
  async commands(): Promise<number> {
    const stats = await this.client.info('commandstats')
    let sum = 0
    for (const [, name, calls] of stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) if (name !== 'info') sum += Number(calls)
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

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
