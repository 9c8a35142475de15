import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { StartedTestContainer } from 'testcontainers'
import { PORTS_TO_TRY, portToTry } from './free-port.js'
import type { ServerRunner } from './server-runner.js'

const PORT = 6379
const PORT_TAKEN = /port is already allocated|address already in use/i
const READY_WITHIN_MS = 30_000

/** Rejects where no Docker answers or the image can't be had. */
export async function pullImage(image: string): Promise<void> {
  const { getContainerRuntimeClient, ImageName } = await import('testcontainers')
  const { image: images } = await getContainerRuntimeClient()
  await images.pull(ImageName.fromString(image))
}

/** A server in a container of ours. Should this process die, testcontainers' reaper removes the container. */
export class ServerContainer implements ServerRunner {
  readonly #image: string
  readonly #args: readonly string[]
  readonly #folder = mkdtempSync(join(tmpdir(), 'revocade-redis-'))
  readonly socketPath = join(this.#folder, 'redis.sock')
  #container: StartedTestContainer | undefined
  #port: number | undefined
  #relay: Server | undefined

  constructor(image: string, args: readonly string[]) {
    this.#image = image
    this.#args = args
  }

  get host(): string {
    const host = this.#container?.getHost() ?? 'localhost'
    return host === 'localhost' ? '127.0.0.1' : host
  }

  get port(): number {
    if (this.#port === undefined) throw new Error('the server was never started')
    return this.#port
  }

  async start(empty: boolean): Promise<void> {
    if (this.#container === undefined || empty) {
      await this.#container?.stop() // which removes it, and its data
      this.#container = await this.#create()
    } else {
      await (await this.#handle()).start()
    }
    await this.#answers()
    this.#relay ??= await relay(this.socketPath, this.host, this.port)
  }

  async #create(): Promise<StartedTestContainer> {
    const { GenericContainer, Wait } = await import('testcontainers')
    const command = [
      'redis-server',
      '--save',
      '',
      '--appendonly',
      'no',
      '--protected-mode',
      'no',
      ...this.#args,
    ]
    for (let tries = 1; ; tries++) {
      // Docker publishes a port under another number after each start, unless it is told which.
      const host = this.#port ?? portToTry()
      let said = ''
      const container = new GenericContainer(this.#image)
        .withCommand(command)
        .withExposedPorts({ container: PORT, host })
        .withLogConsumer((log) => log.on('data', (text) => (said = (said + String(text)).slice(-64_000))))
        .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/i))
      try {
        const started = await container.start()
        this.#port = host
        return started
      } catch (error) {
        const another = this.#port === undefined && PORT_TAKEN.test(String(error)) && tries < PORTS_TO_TRY
        if (!another)
          throw new Error(`${this.#image} did not start: ${String(error)}\n${said}`, { cause: error })
      }
    }
  }

  async #answers(): Promise<void> {
    const client = new Redis({
      host: this.host,
      port: this.port,
      retryStrategy: () => 50,
      maxRetriesPerRequest: READY_WITHIN_MS / 50,
    })
    client.on('error', () => undefined) // it tries again
    try {
      await client.ping()
    } finally {
      client.disconnect()
    }
  }

  async suspend(suspended: boolean): Promise<void> {
    await (await this.#handle()).kill({ signal: suspended ? 'SIGSTOP' : 'SIGCONT' })
  }

  async kill(): Promise<void> {
    const container = await this.#handle()
    const {
      State: { Running: running },
    } = await container.inspect()
    if (!running) return
    await container.kill({ signal: 'SIGKILL' })
    await container.wait()
  }

  async remove(): Promise<void> {
    this.#relay?.close()
    await this.#container?.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Docker's own handle, which can do what testcontainers' can't. */
  async #handle() {
    if (this.#container === undefined) throw new Error('the server was never started')
    const { getContainerRuntimeClient } = await import('testcontainers')
    return (await getContainerRuntimeClient()).container.getById(this.#container.getId())
  }
}

/** A Unix socket cannot be shared with every Docker: this one leads to the container's port. */
async function relay(path: string, host: string, port: number): Promise<Server> {
  const server = createServer((near) => {
    const far = connect(port, host)
    near.pipe(far).pipe(near)
    near.on('error', () => far.destroy()).on('close', () => far.destroy())
    far.on('error', () => near.destroy()).on('close', () => near.destroy())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  return server.unref()
}
