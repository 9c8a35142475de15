import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach } from 'vitest'

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
export async function revocade(args: readonly string[], { cwd, stdin = '', env = {} }: RunOptions): Promise<Ran> {
  const { NODE_V8_COVERAGE, PATH } = process.env
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { PATH, ...(NODE_V8_COVERAGE === undefined ? {} : { NODE_V8_COVERAGE }), ...env },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  // The command may be done before it has read its input.
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { code, stdout, stderr }
}

/** A directory for each test, and the command line run in it. */
export function inDirectory(): { readonly path: string; run(args: readonly string[], options?: Omit<RunOptions, 'cwd'>): Promise<Ran> } {
  let path = ''
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'revocade-cli-'))
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
  return text.split('\n').filter((line) => line !== '').map((line): unknown => JSON.parse(line))
}

/** An unsigned JWT: the command line does not verify. */
export function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.${Buffer.alloc(32, 7).toString('base64url')}`
}

export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds
