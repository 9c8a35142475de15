import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { canInstall } from '../support/apt.js'

const run = promisify(execFile)

/**
 * Looks for promtool on PATH and, on a Debian as root, unpacks the package `prometheus` into a folder without
 * installing it.
 *
 * @returns undefined where it can't be had
 */
export async function findPromtool(folder: string): Promise<string | undefined> {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map((path) => join(path, 'promtool'))
    .find((path) => existsSync(path))
  if (found !== undefined) return found
  if (process.env.REVOCADE_TEST_NO_INSTALL === '1' || !(await canInstall())) return undefined
  try {
    await run('/usr/bin/apt-get', ['-qq', 'download', 'prometheus'], { cwd: folder, timeout: 60_000 })
    const [archive = ''] = (await readdir(folder)).filter((name) => name.endsWith('.deb'))
    await run('dpkg', ['-x', join(folder, archive), folder])
    return join(folder, 'usr/bin/promtool')
  } catch {
    return undefined // no lists of packages, or no network
  }
}
