import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from './free-port.js'

/** Where Debian puts the programs, which are not on its PATH. */
const DEBIAN = '/usr/lib/postgresql'
/** A server refuses to run as root: it then runs as a user who owns nothing else. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
const START_MS = 60_000

/** An empty PostgreSQL with its default settings on loopback, for one case, on the disk that is measured. */
export class PostgresServer {
  readonly url: string
  /** Such as `PostgreSQL 15.18`. */
  readonly version: string
  readonly #process: ChildProcess
  readonly #folder: string

  private constructor(url: string, version: string, process: ChildProcess, folder: string) {
    this.url = url
    this.version = version
    this.#process = process
    this.#folder = folder
  }

  /** @param directory The data is in a folder of its own in there. */
  static async start(directory: string): Promise<PostgresServer> {
    const bin = folderOfPrograms()
    const folder = mkdtempSync(join(directory, 'postgres-'))
    if (NOBODY.uid !== undefined) {
      chownSync(folder, NOBODY.uid, NOBODY.gid)
      chmodSync(directory, 0o711)
    }
    const data = join(folder, 'data')
    const run = { ...NOBODY, cwd: '/' }
    execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'], {
      ...run,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const port = await freePort()
    const args = ['-D', data, '-p', `${port}`, '-k', folder, '-c', 'listen_addresses=127.0.0.1']
    const child = spawn(join(bin, 'postgres'), args, { ...run, stdio: 'ignore' })
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`
    const version = execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' })
    const server = new PostgresServer(
      url,
      version.replace(/^.*\) (\S+)[^]*$/, 'PostgreSQL $1'),
      child,
      folder,
    )
    await server.#listening()
    return server
  }

  /** A connection of the caller's own. */
  async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url })
    await client.connect()
    return client
  }

  /** The URL of a store in a schema of its own. */
  store(schema: string): string {
    return `${this.url}?schema=${schema}`
  }

  async #listening(): Promise<void> {
    for (const end = performance.now() + START_MS; ;) {
      try {
        await (await this.connect()).end()
        return
      } catch (error) {
        if (this.#process.exitCode !== null || performance.now() > end) throw error
        await setTimeout(50)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGINT') // a fast shutdown: what is connected is disconnected
    await ended
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function folderOfPrograms(): string {
  const onPath = (process.env.PATH ?? '').split(delimiter)
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a)) : []
  const folders = [...onPath, ...versions.map((version) => join(DEBIAN, version, 'bin'))]
  const found = folders.find((folder) =>
    ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))),
  )
  if (found !== undefined) return found
  throw new Error('the PostgreSQL cases need initdb and postgres on PATH: install PostgreSQL 14 or newer')
}
