import { execFile } from 'node:child_process'
import { access, chmod, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Debian asks this program whether a package may start its service; 101 means no. See invoke-rc.d(8). */
const POLICY = '/usr/sbin/policy-rc.d'

/** Whether this is a Debian, or its like, and we are root on it. */
export async function canInstall(): Promise<boolean> {
  return (
    process.getuid?.() === 0 &&
    (await access('/usr/bin/apt-get').then(
      () => true,
      () => false,
    ))
  )
}

/** Installs a package of Debian for its files alone: no service of it is started. */
export async function installPackage(name: string): Promise<void> {
  // An administrator's own policy stands.
  const ours = await writeFile(
    POLICY,
    '#!/bin/sh\n# While the tests of revocade install a package.\nexit 101\n',
    { flag: 'wx', mode: 0o755 },
  ).then(
    () => true,
    () => false,
  )
  try {
    // Old lists may be good enough, and whether they are is for the installation to say.
    await aptGet('update').catch(() => undefined)
    await aptGet('install', '--yes', '--no-install-recommends', name)
  } finally {
    if (ours) await rm(POLICY, { force: true })
  }
}

/** Unpacks packages of Debian into a folder, without installing anything. */
export async function unpackPackages(names: readonly string[], folder: string): Promise<void> {
  await download(names, folder).catch(async () => {
    await run('/usr/bin/apt-get', ['-qq', 'update'], { timeout: 300_000 })
    await download(names, folder)
  })
  for (const name of (await readdir(folder)).filter((name) => name.endsWith('.deb')))
    await run('dpkg', ['-x', join(folder, name), folder])
  // Not root runs it.
  await chmod(folder, 0o755)
}

/** Where the libraries of unpacked packages are. */
export const librariesIn = (folder: string): string =>
  join(folder, 'usr/lib', `${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`)

const download = (names: readonly string[], folder: string): Promise<unknown> =>
  run('/usr/bin/apt-get', ['-qq', 'download', ...names], { cwd: folder, timeout: 120_000 })

async function aptGet(...args: string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  // Another run may be installing it as well: wait for its lock.
  await run('/usr/bin/apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    env,
    timeout: 300_000,
    maxBuffer: 1 << 24,
  })
}
