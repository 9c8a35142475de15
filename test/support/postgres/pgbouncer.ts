import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { portToTry } from '../redis/free-port.js'

const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

/**
 * Starts one in transaction mode before a server: few connections to the server for all of its clients.
 *
 * @returns its port, and what stops it
 */
export async function startPgBouncer(
  server: { readonly port: number },
  folder: string,
): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const choice = inject('pgBouncer')
  if (choice.kind === 'none') throw new Error(choice.whatToDo)
  const { program, libraries } = choice
  const port = portToTry()
  const own = join(folder, 'run')
  mkdirSync(own)
  chmodSync(own, 0o777)
  const settings = join(folder, 'pgbouncer.ini')
  writeFileSync(
    settings,
    `[databases]
postgres = host=127.0.0.1 port=${server.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
`,
  )
  chmodSync(folder, 0o755)
  const child = spawn(program, [settings], {
    ...NOBODY,
    cwd: own,
    env: { ...process.env, LD_LIBRARY_PATH: libraries },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('process up')) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`pgbouncer did not start: ${said}`)))
  })
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  return { port, stop }
}
