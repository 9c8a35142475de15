import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temp.js'

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))
const DIST = dirname(fileURLToPath(import.meta.resolve('revocade')))

/** Prints what came of it: `[code, statusCode, message]` of an error, or the verdict. */
const PROGRAM = `
import { createRevocade } from 'revocade'
try {
  const revocade = await createRevocade({ store: process.argv[2] + '/x.db' })
  await revocade.revoke({ jti: 'a', exp: Date.now() / 1000 + 60 })
  console.log(JSON.stringify(await revocade.isRevoked({ jti: 'a' })))
  await revocade.close()
} catch (error) {
  console.log(JSON.stringify([error.code, error.statusCode, error.message]))
}`

interface Project {
  readonly path: string
  run: (flags?: readonly string[], store?: string) => unknown
}

/** A project with this package, a copy of its driver, and what the driver needs. */
function project(): Project {
  const path = temporaryDirectory()
  const modules = join(path, 'node_modules')
  for (const folder of ['node_modules/revocade', 'node_modules/better-sqlite3'])
    mkdirSync(join(path, folder), { recursive: true })
  cpSync(DIST, join(modules, 'revocade/dist'), {
    recursive: true,
    filter: (from) => !/\.(?:map|d\.ts)$/.test(from),
  })
  writeFileSync(
    join(modules, 'revocade/package.json'),
    JSON.stringify({ name: 'revocade', type: 'module', exports: './dist/index.js' }),
  )
  for (const part of ['package.json', 'lib', 'build/Release/better_sqlite3.node'])
    cpSync(join(MODULES, 'better-sqlite3', part), join(modules, 'better-sqlite3', part), { recursive: true })
  for (const name of ['bindings', 'file-uri-to-path', 'lru-cache'])
    cpSync(join(MODULES, name), join(modules, name), { recursive: true })
  writeFileSync(join(path, 'program.mjs'), PROGRAM)
  const run = (flags: readonly string[] = [], store = path): unknown => {
    const options = { cwd: path, encoding: 'utf8', timeout: 30_000 } as const
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, 'program.mjs', store], options)
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout)
  }
  return { path, run }
}

const config = (pattern: RegExp): unknown => ['ERR_CONFIG', 500, expect.stringMatching(pattern)]
const inDriver = ({ path }: Project, part: string): string => join(path, 'node_modules/better-sqlite3', part)

describe('a driver', () => {
  it('without its native module is ERR_CONFIG, with the commands that build it', () => {
    const broken = project()
    rmSync(inDriver(broken, 'build'), { recursive: true })
    expect(broken.run()).toEqual(
      config(/install script did not run; run `npm rebuild better-sqlite3`; with pnpm `pnpm approve-builds`/),
    )
  })

  it('whose native module is of another kind is ERR_CONFIG, and says of which this is', () => {
    const broken = project()
    writeFileSync(inDriver(broken, 'build/Release/better_sqlite3.node'), 'no shared object')
    const abi = process.versions.modules
    expect(broken.run()).toEqual(
      config(new RegExp(`does not fit Node.js .* \\(ABI ${abi}, .*: run \`npm rebuild better-sqlite3\``)),
    )
  })

  it('that is not installed is ERR_CONFIG', () => {
    const broken = project()
    rmSync(inDriver(broken, '.'), { recursive: true })
    expect(broken.run()).toEqual(config(/can't find better-sqlite3 .*: install it beside revocade/))
  })

  it('that Node.js may not load is ERR_CONFIG', () => {
    expect(project().run(['--no-addons'])).toEqual(config(/without --no-addons/))
  })
})

describe('a thread', () => {
  it('whose file is not beside the code is ERR_CONFIG, and says what to do with a bundler', () => {
    const bundled = project()
    rmSync(join(bundled.path, 'node_modules/revocade/dist/store/sqlite/write/worker.js'))
    expect(bundled.run()).toEqual(
      config(/not beside its code .*: leave revocade out of the bundle.*serverExternalPackages/),
    )
  })
})

describe("Node's permission model", () => {
  const MODEL = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  const ALL = ['--allow-fs-read=*', '--allow-fs-write=*', '--allow-addons', '--allow-worker']

  it('lets an engine run with its four flags', () => {
    expect(project().run([MODEL, ...ALL])).toBe(true)
  })

  it.each([[['--allow-addons']], [['--allow-worker']], [['--allow-addons', '--allow-worker']]])(
    'is ERR_CONFIG without %j, and names what is missing',
    (missing) => {
      const flags = ALL.filter((flag) => !missing.includes(flag))
      expect(project().run([MODEL, ...flags])).toEqual(
        config(new RegExp(`permission model .*: start Node.js with ${missing.join(' and ')}\\. `)),
      )
    },
  )

  it('is ERR_CONFIG when the folder of the store may not be read, and names it', () => {
    const elsewhere = project()
    const store = temporaryDirectory()
    expect(
      elsewhere.run(['--allow-addons', '--allow-worker', MODEL, `--allow-fs-read=${elsewhere.path}/`], store),
    ).toEqual(config(new RegExp(`start Node.js with --allow-fs-read=${store}`)))
  })
})
