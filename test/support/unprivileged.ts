import { spawnSync } from 'node:child_process'
import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { COVERED } from './coverage.js'

/** Of a user who owns nothing. Root may write everything, whatever the permissions are. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
const DIST = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** Whether permissions can be taken away here, and another user could run the package. */
export const canLosePermissions =
  process.platform !== 'win32' && unprivileged(['-e', `require('fs').accessSync(${JSON.stringify(DIST)})`]).ok

/** Lets everybody read a folder and its files, and nobody but root write them. */
export function makeReadOnly(folder: string): void {
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o444)
  chmodSync(folder, 0o555)
}

/** Gives the owner of a folder his rights back, so that it can be removed. */
export const makeWritable = (folder: string): void => chmodSync(folder, 0o755)

/** Runs Node.js as a user without special rights. */
export function unprivileged(args: readonly string[]): { ok: boolean; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    ...NOBODY,
    env: { ...process.env, ...COVERED },
    encoding: 'utf8',
    cwd: '/',
  })
  return { ok: status === 0, stdout, stderr }
}

/** Runs the command line as that user. */
export const unprivilegedRevocade = (args: readonly string[]): ReturnType<typeof unprivileged> =>
  unprivileged([DIST, ...args])
