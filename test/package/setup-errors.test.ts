import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temp.js'
import { type Project, project } from './project.js'

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

  it('that Deno can not load is ERR_CONFIG, and names the version that it can', () => {
    const broken = project()
    const addon =
      "throw new TypeError('Cannot load native addon at x.node: it was built against the legacy API')"
    writeFileSync(
      join(broken.path, 'node_modules/bindings/bindings.js'),
      `module.exports = () => { ${addon} }`,
    )
    expect(broken.run()).toEqual(config(/better-sqlite3 13 only \(.*: override its version/))
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
      elsewhere.run(['--allow-addons', '--allow-worker', MODEL, `--allow-fs-read=${elsewhere.path}/`], {
        store,
      }),
    ).toEqual(config(new RegExp(`start Node.js with --allow-fs-read=${store}`)))
  })
})
