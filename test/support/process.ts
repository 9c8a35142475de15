import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished, TestRunner } from 'vitest'
import { COVERED } from './coverage.js'

/** A forked script. The end of the test kills it; a hook kills its own. */
export class Child {
  readonly process: ChildProcess
  readonly ended: Promise<void>
  over = false
  /** What it wrote to stderr. */
  complaints = ''

  /** @param env Environment variables beside those of this process. */
  constructor(script: URL, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    this.process = fork(script, args, {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, ...COVERED, ...env },
    })
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.complaints += text))
    this.ended = once(this.process, 'close').then(() => {
      this.over = true
    })
    if (TestRunner.getCurrentTest() !== undefined) onTestFinished(() => this.kill())
  }

  /** SIGKILL: no handler runs, nothing is flushed. Resolves once the process is gone. */
  kill(): Promise<void> {
    this.process.kill('SIGKILL')
    return this.ended
  }

  /** True: SIGSTOP; false: SIGCONT. */
  suspend(suspended: boolean): void {
    this.process.kill(suspended ? 'SIGSTOP' : 'SIGCONT')
  }
}

interface Reply {
  readonly id: number
  readonly value?: unknown
  readonly error?: { readonly code: string; readonly message: string }
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** A forked script that answers calls: its half of the protocol is `serve` of serve.mjs. */
export class Callee extends Child {
  /** Resolves when the script serves. */
  readonly up: Promise<unknown>
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0

  constructor(script: URL, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    super(script, args, env)
    this.process.on('message', ({ id, value, error }: Reply) => {
      const waiter = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiter?.resolve(value)
      else waiter?.reject(Object.assign(new Error(error.message), { code: error.code }))
    })
    this.up = this.#reply(0)
    void this.ended.then(() => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the process has ended: ${this.complaints}`))
    })
  }

  call(what: string, args: object = {}): Promise<unknown> {
    if (this.over) return Promise.reject(new Error(`the process has ended: ${this.complaints}`))
    const id = ++this.#calls
    const reply = this.#reply(id)
    this.process.send({ id, what, args })
    return reply
  }

  #reply(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }
}
