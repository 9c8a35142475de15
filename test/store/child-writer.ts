import { type ChildProcess, spawn } from 'node:child_process'

/** A process that writes; see child-writer.mjs. */
export interface ChildWriter {
  readonly process: ChildProcess
  /** What it said so far, by lines: `ready`, then `<seq> <n>` for each acknowledged revocation. */
  readonly lines: string[]
  /** Resolves once it said that many lines, or ended. */
  said(lines: number): Promise<void>
  readonly ended: Promise<void>
}

/**
 * @param path A file, or the URL of a store on a server.
 * @param shell Commands for `sh` to run first, to set limits.
 */
export const childWriter = (path: string, first: number, count: number, shell = ''): ChildWriter =>
  startChild('child-writer.mjs', [path, `${first}`, `${count}`], shell)

/** A process that rotates one row, see child-rotator.mjs: `ready`, then a number for each commit it won. */
export const childRotator = (path: string, last: number): ChildWriter =>
  startChild('child-rotator.mjs', [path, `${last}`], '')

function startChild(program: string, args: readonly string[], shell: string): ChildWriter {
  const script = new URL(program, import.meta.url).pathname
  const child = spawn('sh', ['-c', `${shell} exec "$0" "$@"`, process.execPath, script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  let rest = ''
  let wake = (): void => undefined
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? '' // a line cut off by a kill was not acknowledged in full
    lines.push(...parts)
    wake()
  })
  let over = false
  const ended = new Promise<void>((resolve) =>
    child.on('close', () => {
      over = true
      wake()
      resolve()
    }),
  )
  return {
    process: child,
    lines,
    ended,
    async said(wanted) {
      while (lines.length < wanted && !over)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    },
  }
}
