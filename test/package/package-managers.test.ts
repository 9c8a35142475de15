import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { SCALE } from '../support/scale.js'
import { temporaryDirectory } from '../support/temp.js'
import {
  type Bench,
  Consumer,
  type Manager,
  managers,
  offerBinary,
  type Runtime,
  TOOLS,
} from './package-managers.js'
import { command, packBuild, ROOT } from './packed.js'

// Real installations of the packed package, each as a user makes it. The driver's install script finds the
// binary of this checkout where it would download or compile one. The long run compiles it, for several
// versions of Node.js.

const OWN: Runtime = { node: process.execPath, abi: process.versions.modules, headers: undefined }

let bench: Bench

beforeAll(async () => {
  const directory = temporaryDirectory()
  const tools = join(directory, 'tools')
  const [tarball] = await Promise.all([packBuild(directory), installTools(tools, TOOLS)])
  bench = { directory, tarball, tools: join(tools, 'node_modules'), binaries: join(directory, 'binaries') }
  await offerBinary(join(ROOT, 'node_modules/better-sqlite3'), OWN, bench)
}, 180_000)

async function installTools(directory: string, packages: readonly string[]): Promise<void> {
  await mkdir(directory)
  await command(directory, 'npm', 'install', '--no-save', '--no-audit', '--no-fund', ...packages)
}

/** Installs as the guide says, with what has to be approved left out at first. */
async function install(manager: Manager, runtime: Runtime): Promise<unknown> {
  const { approval } = manager
  const consumer = new Consumer(manager, runtime, bench)
  await consumer.prepare()
  await consumer.run(manager.install)
  if (approval !== undefined) {
    expect(await consumer.result()).toEqual({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(
        /install script did not run; run `npm rebuild better-sqlite3`/,
      ) as unknown,
    })
    await consumer.prepare(approval.manifest, approval.files)
    await consumer.run(approval.run)
  }
  const result = await consumer.result()
  // Compiling takes minutes: once for each version of Node.js is enough.
  if (manager.script === undefined) await offerBinary(consumer.driver, runtime, bench)
  return result
}

/** Installs better-sqlite3 13 instead. */
async function installOverride(manager: Manager, runtime: Runtime): Promise<unknown> {
  const consumer = new Consumer(manager, runtime, bench)
  await consumer.prepare(manager.override.manifest, { ...manager.files, ...manager.override.files })
  await consumer.run(manager.install)
  return consumer.result()
}

const WORKS_WITH_12 = { revoked: true, driver: expect.stringMatching(/^12\./) as unknown }
const WORKS_WITH_13 = { revoked: true, driver: expect.stringMatching(/^13\./) as unknown }

describe.concurrent('a plain installation', { timeout: 300_000 }, () => {
  it.each(managers().filter(([, { extra }]) => SCALE > 1 || extra !== true))(
    'by %s runs on this Node.js',
    async (_, manager) => {
      expect(await install(manager, OWN)).toEqual(WORKS_WITH_12)
    },
  )
})

// The first and the last Node.js of each line that `engines` names, from the package `node`.
const VERSIONS = SCALE > 1 ? ['20.19.0', '22.0.0', '22.13.1', '22.14.0', '24.21.0', '26.10.0'] : []

describe.each(VERSIONS)('on Node.js %s', { timeout: 1_800_000 }, (version) => {
  let runtime: Runtime

  beforeAll(async () => {
    const directory = join(bench.directory, `node-${version}`)
    await installTools(directory, [`node@${version}`])
    const home = join(directory, 'node_modules/node')
    const node = join(home, 'bin/node')
    const headers = join(home, `node_modules/node-${process.platform}-${process.arch}`)
    const abi = await command(directory, node, '-p', 'process.versions.modules')
    runtime = { node, headers, abi: abi.trim() }
  }, 300_000)

  it.each(managers())('a plain installation by %s runs', async (_, manager) => {
    expect(await install(manager, runtime)).toEqual(WORKS_WITH_12)
  })

  it.each(managers())(
    'better-sqlite3 13 by %s runs, or is refused before Node.js 22.14',
    async (_, manager) => {
      const [major = 0, minor = 0] = version.split('.').map(Number)
      const fits = major > 22 || (major === 22 && minor >= 14)
      expect(await installOverride(manager, runtime)).toEqual(
        fits
          ? WORKS_WITH_13
          : { code: 'ERR_CONFIG', message: expect.stringMatching(/needs Node.js 22.14 or newer/) as unknown },
      )
    },
  )
})
