import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryDirectory } from '../support/temp.js'

const run = promisify(execFile)

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What `npm pack` reads; nothing else of a working tree may matter. */
const STAGED = [
  'src',
  'docs',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
]

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies: Readonly<Record<string, string>>
}

export interface Packed {
  readonly tarball: string
  /** Paths in the tarball, without the leading `package/`. */
  readonly files: readonly string[]
  /** A project with the package installed from the tarball, and the sources of test/consumer. */
  readonly project: string
  readonly manifest: Manifest
  remove(): Promise<void>
}

/** Packs the build of the checkout as it is, and returns the path of the tarball. */
export async function packBuild(directory: string): Promise<string> {
  await command(ROOT, 'npm', 'pack', '--ignore-scripts', '--pack-destination', directory)
  return tarballIn(directory)
}

/**
 * Packs a copy of the sources with `prepack` and its clean build, so that the working tree's dist plays no
 * part. Then installs the tarball into a project of its own. The dependencies are linked from the checkout,
 * because one of them takes minutes to compile.
 */
export async function packAndInstall(): Promise<Packed> {
  const directory = temporaryDirectory()
  const stage = join(directory, 'stage')
  const project = join(directory, 'project')
  await mkdir(stage)
  for (const name of STAGED) await cp(join(ROOT, name), join(stage, name), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(stage, 'node_modules'))
  await command(stage, 'npm', 'pack', '--pack-destination', directory)

  const tarball = await tarballIn(directory)
  const { stdout } = await run('tar', ['-tzf', tarball])
  const files = stdout
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''))

  await cp(join(ROOT, 'test/consumer'), project, { recursive: true })
  await writeFile(
    join(project, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
  )
  const installed = join(project, 'node_modules/revocade')
  await mkdir(installed, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as Manifest
  for (const name of [...Object.keys(manifest.dependencies), '@types/node']) {
    const link = join(project, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(ROOT, 'node_modules', name), link)
  }
  return { tarball, files, project, manifest, remove: () => rm(directory, { recursive: true, force: true }) }
}

async function tarballIn(directory: string): Promise<string> {
  const archive = (await readdir(directory)).find((name) => name.endsWith('.tgz'))
  if (archive === undefined) throw new Error('npm pack left no tarball')
  return join(directory, archive)
}

/** Runs a program; rejects with all that it said where it fails. Resolves with its stdout. */
export const command = (cwd: string, program: string, ...args: string[]): Promise<string> =>
  commandIn({ cwd, env: {} }, program, args)

/** Runs a program in a folder, with environment variables of its own. See {@link command}. */
export async function commandIn(
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  program: string,
  args: readonly string[],
): Promise<string> {
  // npm tells its scripts about itself through the environment; a fresh shell knows nothing of that.
  const shell = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_V8_COVERAGE$|^VITEST/i.test(name)),
  )
  try {
    const { stdout } = await run(program, args, {
      cwd,
      env: { ...shell, npm_config_update_notifier: 'false', NO_COLOR: '1', ...env },
      maxBuffer: 1 << 24,
    })
    return stdout
  } catch (error) {
    if (!(error instanceof Error && 'stdout' in error && 'stderr' in error)) throw error
    throw new Error(`${program} ${args.join(' ')} failed:\n${String(error.stdout)}\n${String(error.stderr)}`)
  }
}
