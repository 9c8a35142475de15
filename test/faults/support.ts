import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Revocade, RevocadeOptions, Stats, Token } from 'revocade'
import { onTestFinished, TestRunner } from 'vitest'

const folder = process.env.REVOCADE_DIST
export const at = (file: string): string =>
  folder === undefined ? `#dist/${file}` : pathToFileURL(`${folder}/${file}`).href

// The built package, or a copy that was broken on purpose: see children/package-under-test.mjs.
const { createRevocade } = (await import(at('index.js'))) as typeof import('revocade')
export const { SqliteStore } = (await import(
  at('store/sqlite/index.js')
)) as typeof import('#dist/store/sqlite/index.js')

export const EXP = Math.floor(Date.now() / 1000) + 86_400

/** A directory of its own for one test, or for all tests of a file, which then remove it. */
export function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'revocade-faults-'))
  atTestEnd(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** In a test; in a hook its author is to do it. */
function atTestEnd(clean: () => unknown): void {
  if (TestRunner.getCurrentTest() !== undefined)
    onTestFinished(async () => {
      await clean()
    })
}

/** An engine in this process that the end of the test closes. */
export async function open(options: RevocadeOptions): Promise<Revocade> {
  const engine = await createRevocade(options)
  atTestEnd(() => engine.close())
  return engine
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks again and again, until it is so. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 20_000; !(await isSo());) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`)
    await sleep(5)
  }
}

/** Answers of a token, as a request handler gets them: the synchronous look first. */
export async function verdict(engine: Revocade, token: Token): Promise<string> {
  return engine.isClearlyActive(token) ? 'active' : (await engine.check(token)).status
}

/** A process of ours, killed at the latest when the test ends. */
export class Child {
  readonly process: ChildProcess
  readonly ended: Promise<void>
  over = false
  complaints = ''

  constructor(script: string, args: readonly string[] = []) {
    const path = fileURLToPath(new URL(`children/${script}`, import.meta.url))
    this.process = fork(path, args, { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.complaints += text))
    this.ended = new Promise((resolve) =>
      this.process.on('close', () => {
        this.over = true
        resolve()
      }),
    )
    atTestEnd(() => this.kill())
  }

  /** SIGKILL: no handler, no flush, no farewell. Resolves once it is gone. */
  kill(): Promise<void> {
    this.process.kill('SIGKILL')
    return this.ended
  }

  /** True: SIGSTOP; false: SIGCONT. */
  suspend(suspended: boolean): void {
    this.process.kill(suspended ? 'SIGSTOP' : 'SIGCONT')
  }
}

type Reply = {
  readonly id: number
  readonly value?: unknown
  readonly error?: { readonly code: string; readonly message: string }
}

/** A process that does what it is asked, a message each. Its first message, number 0, says that it is up. */
export class Callee extends Child {
  readonly up: Promise<unknown>
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  #calls = 0

  constructor(script: string, args: readonly string[] = []) {
    super(script, args)
    this.process.on('message', ({ id, value, error }: Reply) => {
      const waiter = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiter?.resolve(value)
      else waiter?.reject(Object.assign(new Error(error.message), { code: error.code }))
    })
    this.up = new Promise((resolve, reject) => this.#waiting.set(0, { resolve, reject }))
    void this.ended.then(() => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the process has ended: ${this.complaints}`))
    })
  }

  call(what: string, args: object = {}): Promise<unknown> {
    const id = ++this.#calls
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.process.send({ id, what, args })
    })
  }
}

/** A process with an engine: see children/host.mjs. */
export class Host extends Callee {
  /** A process that is up, without an engine yet. */
  static async start(): Promise<Host> {
    const host = new Host('host.mjs')
    await host.up
    return host
  }

  static async open(
    options: RevocadeOptions & { readonly store: string; readonly storeOptions?: object },
  ): Promise<Host> {
    const host = await Host.start()
    await host.open(options)
    return host
  }

  open(
    options: RevocadeOptions & { readonly store: string; readonly storeOptions?: object },
  ): Promise<unknown> {
    return this.call('open', options)
  }

  async revoke(token: Token, options?: object): Promise<number> {
    return (await this.call('revoke', { token, options })) as number
  }

  async revokeWhere(selector: object, options?: object): Promise<number> {
    return (await this.call('revokeWhere', { selector, options })) as number
  }

  async unrevoke(token: Token): Promise<number> {
    return (await this.call('unrevoke', { token })) as number
  }

  async verdicts(tokens: readonly Token[]): Promise<string[]> {
    return (await this.call('verdicts', { tokens })) as string[]
  }

  /** Blocks its event loop. Resolves with the answers it gave in the same turn, to `isClearlyActive` and `check`. */
  async stall(ms: number, tokens: readonly Token[]): Promise<{ direct: boolean[]; asked: string[] }> {
    return (await this.call('stall', { ms, tokens })) as { direct: boolean[]; asked: string[] }
  }

  async stats(): Promise<Stats> {
    return (await this.call('stats')) as Stats
  }

  close(): Promise<unknown> {
    return this.call('close')
  }
}
