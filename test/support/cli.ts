import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach } from 'vitest'
import { COVERED } from './coverage.js'
import { temporaryDirectory } from './temp.js'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd: string
  readonly stdin?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the command line as a process of its own. */
export async function revocade(
  args: readonly string[],
  { stdin = '', ...options }: RunOptions,
): Promise<Ran> {
  const running = new Running(args, options)
  running.end(stdin)
  return running.ended
}

/** The command line as a process that goes on. */
export class Running {
  stdout = ''
  stderr = ''
  /** Resolves when it has ended. */
  readonly ended: Promise<Ran>
  readonly #child: ChildProcessWithoutNullStreams

  /** `nodeArgs`: for Node.js itself, such as `--import`. */
  constructor(
    args: readonly string[],
    { cwd, env = {}, nodeArgs = [] }: Omit<RunOptions, 'stdin'> & { readonly nodeArgs?: readonly string[] },
  ) {
    const child = spawn(process.execPath, [...nodeArgs, MAIN, ...args], {
      cwd,
      env: { PATH: process.env.PATH, ...COVERED, ...env },
    })
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (this.stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (this.stderr += chunk))
    // The command may be done before it has read its input.
    child.stdin.on('error', () => undefined)
    this.#child = child
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr }))
    })
  }

  /** To its stdin. */
  type(keys: string): void {
    this.#child.stdin.write(keys)
  }

  end(input: string | Uint8Array = ''): void {
    this.#child.stdin.end(input)
  }

  /** Nobody reads its stdout any more: the next write to it fails. */
  breakOutput(): void {
    this.#child.stdout.destroy()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}

/** A directory for each test, and the command line run in it. */
export function inDirectory(): {
  readonly path: string
  run(args: readonly string[], options?: Omit<RunOptions, 'cwd'>): Promise<Ran>
} {
  let path = ''
  beforeEach(() => {
    path = temporaryDirectory()
  })
  afterEach(() => rmSync(path, { recursive: true, force: true }))
  return {
    get path() {
      return path
    },
    run: (args, options = {}) => revocade(args, { cwd: path, ...options }),
  }
}

export function ndjson(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))
}

/** What a command that writes says when it makes the store. */
export const NEW_STORE =
  'note: there was no store at ./revocade.db: it was made. ' +
  'Services that use another one do not see what is revoked here\n'

/** An unsigned JWT: the command line does not verify. */
export function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.${Buffer.alloc(32, 7).toString('base64url')}`
}
