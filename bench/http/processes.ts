import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Given } from './servers.js'

/** Load on one server. */
export interface Load {
  readonly port: number
  readonly path: string
  readonly ms: number
  /** The client (RFC 7009) that revokes a new token with each request. Without it, tokens are presented. */
  readonly revokes?: { readonly id: string; readonly secret: string }
}

/** What became of it. */
export interface Loaded {
  readonly done: number
  /** Answers that were not 200. */
  readonly wrong: number
  readonly latenciesNs: readonly number[]
  readonly elapsedMs: number
}

/** A child, its questions and its answers, one at a time. */
class Child {
  readonly #process: ChildProcess
  readonly #exit: Promise<never>

  constructor(script: string, args: readonly string[]) {
    this.#process = fork(fileURLToPath(new URL(script, import.meta.url)), [...args], {
      env: { ...process.env, NODE_ENV: 'production' },
    })
    this.#exit = once(this.#process, 'exit').then(([code]) =>
      Promise.reject(new Error(`${script} ${args[0]?.slice(0, 60) ?? ''} ended with ${String(code)}`)),
    )
    this.#exit.catch(() => undefined)
  }

  /** Its next message. */
  async answer(): Promise<unknown> {
    const [message] = (await Promise.race([once(this.#process, 'message'), this.#exit])) as unknown[]
    return message
  }

  ask(question: Load | 'cpu'): Promise<unknown> {
    const answer = this.answer()
    this.#process.send(question)
    return answer
  }

  async stop(): Promise<void> {
    this.#process.kill()
    await this.#exit.catch(() => undefined)
  }
}

/** A server of `ENTRIES` in a process of its own. */
export class ServerProcess {
  readonly port: number
  /** Where the server of `SIDECAR` takes revocations. */
  readonly adminPort: number
  readonly #child: Child

  private constructor(child: Child, port: number, adminPort: number) {
    this.#child = child
    this.port = port
    this.adminPort = adminPort
  }

  /** Resolves when it listens. */
  static async start(name: string, given: Given): Promise<ServerProcess> {
    const child = new Child('./server.js', [name, JSON.stringify(given)])
    return new ServerProcess(child, (await child.answer()) as number, given.adminPort)
  }

  /** Processor time of all its threads since its start, in microseconds. */
  async cpuUs(): Promise<number> {
    return (await this.#child.ask('cpu')) as number
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }
}

/** The client, in a process of its own. */
export class LoadClient {
  readonly #child: Child

  private constructor(child: Child) {
    this.#child = child
  }

  static async start(given: {
    readonly connections: number
    readonly tokens: readonly string[]
  }): Promise<LoadClient> {
    const child = new Child('./client.js', [JSON.stringify(given)])
    await child.answer()
    return new LoadClient(child)
  }

  /** Keeps all connections busy for a while. */
  async load(load: Load): Promise<Loaded> {
    return (await this.#child.ask(load)) as Loaded
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }
}
