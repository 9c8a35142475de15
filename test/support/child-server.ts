import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'

/** How a server program is run. */
export interface ServerCommand {
  readonly program: string
  readonly args: readonly string[]
  readonly options?: Pick<SpawnOptions, 'uid' | 'gid' | 'cwd' | 'env'>
  /** What it says once it can be used. */
  readonly ready: RegExp
  /** Removed with the server if this process ends before it. */
  readonly folder: string
  /** What stops it then: commands of the shell, in which `$0` is its pid. */
  readonly stop: string
}

/**
 * Runs a server as a child, which another process stops once this one is gone.
 *
 * @returns the child, and what resolves once it is ready, or with what it said instead
 */
export function runServer(command: ServerCommand): {
  readonly child: ChildProcess
  readonly complaint: Promise<string | undefined>
} {
  const { program, args, options, ready } = command
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  if (child.pid !== undefined) guard(child, child.pid, command)
  const complaint = new Promise<string | undefined>((resolve, reject) => {
    let said = ''
    const hear = (text: string): void => {
      said = (said + text).slice(-64_000)
      if (ready.test(said)) resolve(undefined)
    }
    child.stdout.setEncoding('utf8').on('data', hear)
    child.stderr.setEncoding('utf8').on('data', hear)
    child.once('error', reject)
    child.once('close', () => resolve(said))
  })
  return { child, complaint }
}

/** Has another process stop the server once this process is gone, and with it the other end of a pipe. */
function guard(server: ChildProcess, pid: number, { stop, folder }: ServerCommand): void {
  const script = `read -r line; ${stop}; rm -rf "$1"`
  const guard = spawn('/bin/sh', ['-c', script, `${pid}`, folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.unref()
  server.once('exit', () => guard.kill('SIGKILL')) // before its pid can be another's
}
