import { join } from 'node:path'
import { canInstall, librariesIn, unpackPackages } from '../apt.js'
import { onPath } from '../executable.js'
import type { PgBouncerChoice } from './choice.js'

/** Debian's package, and what it needs that is not on every Debian. */
const PACKAGES = ['pgbouncer', 'libevent-2.1-7', 'libc-ares2']

/**
 * Looks for PgBouncer on PATH and, on a Debian as root, unpacks its package into a folder without installing
 * it. Says in one line what it took.
 */
export async function findPgBouncer(folder: string, say: (line: string) => void): Promise<PgBouncerChoice> {
  const found = onPath('pgbouncer')
  if (found !== undefined) return took({ kind: 'binary', program: found, libraries: '' }, say)
  if (process.env.REVOCADE_TEST_NO_INSTALL === '1')
    return none('apt-get: not tried, as REVOCADE_TEST_NO_INSTALL is 1', say)
  if (!(await canInstall())) return none('apt-get: needs root on a Debian', say)
  say("none on PATH: now unpacking Debian's pgbouncer (set REVOCADE_TEST_NO_INSTALL=1 to forbid it)")
  try {
    await unpackPackages(PACKAGES, folder)
  } catch (error) {
    return none(`apt-get: ${String(error).replace(/\s+/g, ' ').slice(0, 500)}`, say)
  }
  const program = join(folder, 'usr/sbin/pgbouncer')
  return took({ kind: 'binary', program, libraries: librariesIn(folder) }, say)
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
