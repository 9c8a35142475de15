import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { command, commandIn, ROOT } from './packed.js'

/** A package manager, used as docs/guides/install.md says. */
export interface Manager {
  readonly name: string
  /** Whether only the long run needs it. */
  readonly extra?: true
  /** Its script in a folder with {@link TOOLS}; npm is the one of this machine. */
  readonly script?: string
  /** Files of the project, by name. */
  readonly files: Readonly<Record<string, string>>
  readonly install: readonly string[]
  /** What lets install scripts run, where that needs to be said. */
  readonly approval?: {
    readonly manifest?: object
    readonly files?: Readonly<Record<string, string>>
    readonly run: readonly string[]
  }
  /** What its projects need to have better-sqlite3 13. */
  readonly override: { readonly manifest?: object; readonly files?: Readonly<Record<string, string>> }
  /** Options of Node.js that its projects need. */
  readonly nodeOptions: readonly string[]
}

/** What {@link MANAGERS} are installed from, in exact versions. */
export const TOOLS = ['pnpm@10.34.9', 'yarn@1.22.22', '@yarnpkg/cli-dist@4.18.1']

const DRIVER_13 = { 'better-sqlite3': '^13.2.0' }

const YARN_4 = {
  script: '@yarnpkg/cli-dist/bin/yarn.js',
  install: ['install'],
  approval: { manifest: { dependenciesMeta: { 'better-sqlite3': { built: true } } }, run: ['install'] },
  override: { manifest: { resolutions: DRIVER_13 } },
}

const MANAGERS: readonly Manager[] = [
  {
    name: 'npm',
    files: {},
    install: ['install', '--no-audit', '--no-fund'],
    override: { manifest: { overrides: DRIVER_13 } },
    nodeOptions: [],
  },
  {
    name: 'pnpm 10',
    script: 'pnpm/bin/pnpm.cjs',
    files: {},
    install: ['install', '--no-frozen-lockfile'],
    approval: {
      files: { 'pnpm-workspace.yaml': 'onlyBuiltDependencies: [better-sqlite3]\n' },
      run: ['rebuild', 'better-sqlite3'],
    },
    override: { files: { 'pnpm-workspace.yaml': 'overrides: { better-sqlite3: ^13.2.0 }\n' } },
    nodeOptions: [],
  },
  {
    name: 'Yarn 1',
    script: 'yarn/bin/yarn.js',
    files: {},
    install: ['install', '--non-interactive'],
    override: { manifest: { resolutions: DRIVER_13 } },
    nodeOptions: [],
  },
  {
    name: 'Yarn 4 with node_modules',
    extra: true,
    ...YARN_4,
    files: { 'yarn.lock': '', '.yarnrc.yml': 'nodeLinker: node-modules\n' },
    nodeOptions: [],
  },
  {
    name: "Yarn 4 with Plug'n'Play",
    ...YARN_4,
    files: { 'yarn.lock': '' },
    nodeOptions: ['-r', './.pnp.cjs', '--experimental-loader', './.pnp.loader.mjs'],
  },
]

/** The package managers by name, as the rows of a test. */
export const managers = (): [name: string, manager: Manager][] =>
  MANAGERS.map((manager) => [manager.name, manager])

/** A Node.js to install for. */
export interface Runtime {
  /** Its executable. */
  readonly node: string
  /** The version that a native module must fit. */
  readonly abi: string
  /** The folder with its headers, in `include/node`, where node-gyp would not find them. */
  readonly headers: string | undefined
}

/** Prints what came of it: the verdict and the driver's version, or the code and message of an error. */
const PROGRAM = `
import { createRequire } from 'node:module'
import { createRevocade } from 'revocade'
try {
  const revocade = await createRevocade({ store: './x.db' })
  await revocade.revoke({ jti: 'a', exp: Date.now() / 1000 + 60 })
  const revoked = await revocade.isRevoked({ jti: 'a' })
  await revocade.close()
  const require = createRequire(import.meta.resolve('revocade'))
  console.log(JSON.stringify({ revoked, driver: require('better-sqlite3/package.json').version }))
} catch ({ code, message }) {
  console.log(JSON.stringify({ code, message }))
}`

/** Where projects are made: the package to install, the tools, caches, and binaries of the driver. */
export interface Bench {
  readonly directory: string
  readonly tarball: string
  readonly tools: string
  /** Binaries that the install script of the driver finds before it downloads or compiles one. */
  readonly binaries: string
}

/** A project that depends on the packed package alone. */
export class Consumer {
  readonly path: string
  readonly #manager: Manager
  readonly #runtime: Runtime
  readonly #bench: Bench
  readonly #env: Readonly<Record<string, string>>

  constructor(manager: Manager, runtime: Runtime, bench: Bench) {
    this.#manager = manager
    this.#runtime = runtime
    this.#bench = bench
    this.path = join(bench.directory, `project-${crypto.randomUUID()}`)
    const cache = join(bench.directory, 'cache')
    this.#env = {
      PATH: `${dirname(runtime.node)}:${process.env.PATH ?? ''}`,
      CI: 'false',
      npm_config_better_sqlite3_local_prebuilds: bench.binaries,
      ...(runtime.headers === undefined ? {} : { npm_config_nodedir: runtime.headers }),
      npm_config_store_dir: join(cache, 'pnpm'),
      YARN_CACHE_FOLDER: join(cache, manager.name.replaceAll(/\W/g, '-')),
      YARN_GLOBAL_FOLDER: join(cache, 'yarn'),
      YARN_ENABLE_TELEMETRY: 'false',
    }
  }

  /** The driver's folder; not with Plug'n'Play. */
  get driver(): string {
    return join(this.path, 'node_modules/better-sqlite3')
  }

  /** Writes the project's files. */
  async prepare(manifest: object = {}, files: Readonly<Record<string, string>> = {}): Promise<void> {
    await mkdir(this.path, { recursive: true })
    const dependencies = { revocade: `file:${this.#bench.tarball}` }
    const whole = { name: 'consumer', private: true, type: 'module', dependencies, ...manifest }
    const all = { ...this.#manager.files, 'program.mjs': PROGRAM, ...files }
    for (const [name, text] of Object.entries({ ...all, 'package.json': JSON.stringify(whole) }))
      await writeFile(join(this.path, name), text)
  }

  /** Runs the package manager. */
  async run(args: readonly string[]): Promise<void> {
    const { script } = this.#manager
    const where = { cwd: this.path, env: this.#env }
    if (script === undefined) await commandIn(where, 'npm', args)
    else await commandIn(where, this.#runtime.node, [join(this.#bench.tools, script), ...args])
  }

  /** Runs {@link PROGRAM}, and returns what it printed. */
  async result(): Promise<unknown> {
    const args = [...this.#manager.nodeOptions, 'program.mjs']
    return JSON.parse(await commandIn({ cwd: this.path, env: this.#env }, this.#runtime.node, args))
  }
}

/**
 * Offers the binary in a folder with the driver as a download of its version for a Node.js. The first one
 * offered stays.
 */
export async function offerBinary(driver: string, { abi }: Runtime, { binaries }: Bench): Promise<void> {
  const { version } = JSON.parse(await readFile(join(driver, 'package.json'), 'utf8')) as { version: string }
  const name = `better-sqlite3-v${version}-node-v${abi}-${process.platform}-${process.arch}.tar.gz`
  await mkdir(binaries, { recursive: true })
  const archive = join(binaries, name)
  if (existsSync(archive)) return
  await command(ROOT, 'tar', '-czf', archive, '-C', driver, 'build/Release/better_sqlite3.node')
}
