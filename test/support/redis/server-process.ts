import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runServer } from '../child-server.js'
import { PORTS_TO_TRY, portToTry } from './free-port.js'
import type { ServerRunner } from './server-runner.js'

/** Attempts to remove the files of a server. */
const REMOVALS = 100

const READY = /ready to accept connections/i
const PORT_TAKEN = /address already in use/i

/** A server as a process of ours, on loopback, in a directory of its own. */
export class ServerProcess implements ServerRunner {
  readonly host = '127.0.0.1'
  readonly #program: string
  readonly #args: readonly string[]
  readonly #folder = mkdtempSync(join(tmpdir(), 'revocade-redis-'))
  readonly #data = join(this.#folder, 'data')
  readonly socketPath = join(this.#folder, 'redis.sock')
  #port: number | undefined
  #process: ChildProcess | undefined

  constructor(program: string, args: readonly string[]) {
    this.#program = program
    this.#args = args
  }

  get port(): number {
    if (this.#port === undefined) throw new Error('the server was never started')
    return this.#port
  }

  async start(empty: boolean): Promise<void> {
    if (empty) rmSync(this.#data, { recursive: true, force: true })
    mkdirSync(this.#data, { recursive: true })
    for (let tries = 1; ; tries++) {
      const port = this.#port ?? portToTry()
      const complaint = await this.#run(port)
      if (complaint === undefined) {
        this.#port = port
        return
      }
      const another = this.#port === undefined && PORT_TAKEN.test(complaint) && tries < PORTS_TO_TRY
      if (!another) throw new Error(`${this.#program} did not start:\n${complaint}`)
    }
  }

  /** Resolves once the server says that it is ready, or with what it said instead. */
  async #run(port: number): Promise<string | undefined> {
    const own = [
      '--port',
      `${port}`,
      '--bind',
      this.host,
      '--unixsocket',
      this.socketPath,
      '--dir',
      this.#data,
      '--save',
      '',
      '--appendonly',
      'no',
    ]
    const { child, complaint } = runServer({
      program: this.#program,
      args: [...own, ...this.#args],
      ready: READY,
      folder: this.#folder,
      stop: 'kill -9 "$0"', // even a stopped one
    })
    this.#process = child
    return complaint
  }

  suspend(suspended: boolean): Promise<void> {
    this.#process?.kill(suspended ? 'SIGSTOP' : 'SIGCONT')
    return Promise.resolve()
  }

  async kill(): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  async remove(): Promise<void> {
    await this.kill()
    // A child of the server that rewrites its append-only file outlives it, and may write on for a moment.
    for (let tries = 1; ; tries++) {
      try {
        rmSync(this.#folder, { recursive: true, force: true })
        return
      } catch (error) {
        if (tries === REMOVALS) throw error
        await sleep(100)
      }
    }
  }
}
