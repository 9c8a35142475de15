import { execFile } from 'node:child_process'
import { accessSync, chmodSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { canInstall } from '../apt.js'
import type { PgBouncerChoice } from './choice.js'

const run = promisify(execFile)
/** Debian's package, and what it needs that is not on every Debian. */
const PACKAGES = ['pgbouncer', 'libevent-2.1-7', 'libc-ares2']

/**
 * Looks for PgBouncer on PATH and, on a Debian as root, unpacks its package into a folder without installing
 * it. Says in one line what it took.
 */
export async function findPgBouncer(folder: string, say: (line: string) => void): Promise<PgBouncerChoice> {
  const onPath = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].map((path) =>
    join(path, 'pgbouncer'),
  )
  const found = onPath.find(isExecutable)
  if (found !== undefined) return took({ kind: 'binary', program: found, libraries: '' }, say)
  if (process.env.REVOCADE_TEST_NO_INSTALL === '1')
    return none('apt-get: not tried, as REVOCADE_TEST_NO_INSTALL is 1', say)
  if (!(await canInstall())) return none('apt-get: needs root on a Debian', say)
  say("none on PATH: now unpacking Debian's pgbouncer (set REVOCADE_TEST_NO_INSTALL=1 to forbid it)")
  try {
    await unpack(folder).catch(async () => {
      await run('/usr/bin/apt-get', ['-qq', 'update'], { timeout: 300_000 })
      await unpack(folder)
    })
  } catch (error) {
    return none(`apt-get: ${String(error).replace(/\s+/g, ' ').slice(0, 500)}`, say)
  }
  const libraries = join(folder, 'usr/lib', `${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`)
  return took({ kind: 'binary', program: join(folder, 'usr/sbin/pgbouncer'), libraries }, say)
}

async function unpack(folder: string): Promise<void> {
  for (const name of PACKAGES)
    await run('/usr/bin/apt-get', ['-qq', 'download', name], { cwd: folder, timeout: 60_000 })
  for (const name of readdirSync(folder).filter((name) => name.endsWith('.deb')))
    await run('dpkg', ['-x', join(folder, name), folder])
  // Not root runs it.
  chmodSync(folder, 0o755)
}

function took(choice: PgBouncerChoice & { kind: 'binary' }, say: (line: string) => void): PgBouncerChoice {
  say(choice.program)
  return choice
}

function none(tried: string, say: (line: string) => void): PgBouncerChoice {
  const whatToDo = `No PgBouncer can be started for the tests. Put pgbouncer on PATH. Tried: PATH; ${tried}`
  say(whatToDo)
  return { kind: 'none', whatToDo }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
