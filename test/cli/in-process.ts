import { Readable } from 'node:stream'
import { vi } from 'vitest'
import { run } from '#dist/cli/program.js'
import { inDirectory, type Ran, revocade, type RunOptions } from '../support/cli.js'

type Run = (args: readonly string[], options?: Omit<RunOptions, 'cwd'>) => Promise<Ran>

/**
 * A directory for each test, and the command line in it. `run` runs it in this process, which saves the start
 * of Node.js; `runProcess` starts a process, for tests of its streams and its exit code.
 */
export function inProcess(): { readonly path: string; readonly run: Run; readonly runProcess: Run } {
  const dir = inDirectory()
  return {
    get path() {
      return dir.path
    },
    run: (args, options = {}) => runHere(args, { cwd: dir.path, ...options }),
    runProcess: (args, options = {}) => revocade(args, { cwd: dir.path, ...options }),
  }
}

/** Replaces what the program reads of its process, runs it, and puts everything back. */
async function runHere(args: readonly string[], { cwd, stdin = '', env = {} }: RunOptions): Promise<Ran> {
  const before = { cwd: process.cwd(), env: process.env, exitCode: process.exitCode }
  const input = Readable.from(stdin.length === 0 ? [] : [Buffer.from(stdin)])
  const written = { stdout: '', stderr: '' }
  const capture = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
      return true
    })
  const spies = [capture('stdout'), capture('stderr')]
  const realStdin = Object.getOwnPropertyDescriptor(process, 'stdin') ?? {}
  Object.defineProperty(process, 'stdin', { value: input, configurable: true })
  process.chdir(cwd)
  process.env = { PATH: before.env.PATH, ...env }
  try {
    return { code: await run(args), ...written }
  } finally {
    process.env = before.env
    process.chdir(before.cwd)
    process.exitCode = before.exitCode
    Object.defineProperty(process, 'stdin', realStdin)
    for (const spy of spies) spy.mockRestore()
  }
}
