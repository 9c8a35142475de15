import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chmodSync, constants, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { canInstall } from '../apt.js'
import { portToTry } from '../redis/free-port.js'

const run = promisify(execFile)
/** Debian's package, and what it needs that is not on every Debian. */
const PACKAGES = ['pgbouncer', 'libevent-2.1-7', 'libc-ares2']
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

/** A PgBouncer program, and the folder of its libraries. */
export interface PgBouncer {
  readonly program: string
  readonly libraries: string
}

/**
 * Looks for PgBouncer on PATH and, on a Debian as root, unpacks its package into a folder without installing
 * it. Undefined where it can't be had: unlike PostgreSQL, it stands between few users and their database.
 */
export async function findPgBouncer(folder: string): Promise<PgBouncer | undefined> {
  const onPath = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].map((path) =>
    join(path, 'pgbouncer'),
  )
  const found = onPath.find(isExecutable)
  if (found !== undefined) return { program: found, libraries: '' }
  if (process.env.REVOCADE_TEST_NO_INSTALL === '1' || !(await canInstall())) return undefined
  try {
    for (const name of PACKAGES)
      await run('/usr/bin/apt-get', ['-qq', 'download', name], { cwd: folder, timeout: 60_000 })
    for (const name of readdirSync(folder).filter((name) => name.endsWith('.deb')))
      await run('dpkg', ['-x', join(folder, name), folder])
  } catch {
    return undefined
  }
  chmodSync(folder, 0o755)
  const libraries = join(folder, 'usr/lib', `${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`)
  return { program: join(folder, 'usr/sbin/pgbouncer'), libraries }
}

/**
 * Starts one in transaction mode before a server: few connections to the server for all of its clients.
 *
 * @returns its port, and what stops it
 */
export async function startPgBouncer(
  { program, libraries }: PgBouncer,
  server: { readonly port: number },
  folder: string,
): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
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

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
