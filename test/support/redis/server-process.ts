import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PORTS_TO_TRY, portToTry } from './free-port.js'
import type { ServerRunner } from './server-runner.js'

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
    const child = spawn(this.#program, [...own, ...this.#args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = child
    if (child.pid !== undefined) this.#guard(child, child.pid)
    return new Promise((resolve, reject) => {
      let said = ''
      const hear = (text: string): void => {
        said = (said + text).slice(-64_000)
        if (READY.test(said)) resolve(undefined)
      }
      child.stdout.setEncoding('utf8').on('data', hear)
      child.stderr.setEncoding('utf8').on('data', hear)
      child.once('error', reject)
      child.once('close', () => resolve(said))
    })
  }

  /**
   * Has another process kill the server, even a stopped one, once this process is gone and with it the other
   * end of a pipe.
   */
  #guard(server: ChildProcess, pid: number): void {
    const script = 'read -r line; kill -9 "$0"; rm -rf "$1"'
    const guard = spawn('/bin/sh', ['-c', script, `${pid}`, this.#folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    guard.unref()
    server.once('exit', () => guard.kill('SIGKILL')) // before its pid can be another's
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
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
