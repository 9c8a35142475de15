import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { canInstall, installPackage } from '../apt.js'
import type { OwnServer, RedisChoice } from './choice.js'
import { pullImage } from './container.js'

const NAMES = ['redis-server', 'valkey-server']
const IMAGE = 'redis:8'
/** To answer and to pull the image. */
const DOCKER_MS = 180_000
/** What the package supports, and so what its tests accept. */
const OLDEST = [6, 2] as const

interface Found<T> {
  readonly found: T
  readonly description: string
}

/** Looks for a Redis in the order that docs and errors name, and says in one line what it took. */
export async function findRedis(say: (line: string) => void): Promise<RedisChoice> {
  const given = process.env.REVOCADE_TEST_REDIS_URL ?? ''
  if (given === '') {
    const { found, description } = await findOwn(say, true)
    say(description)
    return { given: null, own: found }
  }
  // Who names a server wants that one, so nothing is installed beside it.
  // A test that breaks its server takes another, if there is one.
  const version = await versionAt(given)
  const { found, description } = await findOwn(say, false)
  say(`${version} at REVOCADE_TEST_REDIS_URL; where a test breaks its server: ${description}`)
  return { given, own: found }
}

async function findOwn(say: (line: string) => void, mayInstall: boolean): Promise<Found<OwnServer>> {
  const tried: string[] = []
  const onPath = await findBinary(process.env.PATH ?? '', tried)
  if (onPath !== undefined)
    return { found: { kind: 'binary', path: onPath.found }, description: `${onPath.description} from PATH` }

  try {
    await within(DOCKER_MS, pullImage(IMAGE))
    return { found: { kind: 'docker', image: IMAGE }, description: `${IMAGE} in Docker` }
  } catch (error) {
    tried.push(`Docker: ${reason(error)}`)
  }

  if (!mayInstall) tried.push('apt-get: not tried, as REVOCADE_TEST_REDIS_URL is set')
  else if (!(await canInstall())) tried.push('apt-get: needs root on a Debian')
  else if (process.env.REVOCADE_TEST_NO_INSTALL === '1')
    tried.push('apt-get: not tried, as REVOCADE_TEST_NO_INSTALL is 1')
  else {
    try {
      say(
        "none on PATH nor in Docker: now installing Debian's redis-server with apt-get " +
          '(set REVOCADE_TEST_NO_INSTALL=1 to forbid it)',
      )
      await installPackage('redis-server')
      const installed = await findBinary(`${process.env.PATH ?? ''}${delimiter}/usr/bin`, tried)
      if (installed !== undefined) {
        return {
          found: { kind: 'binary', path: installed.found },
          description: `${installed.description}, installed with apt-get`,
        }
      }
    } catch (error) {
      tried.push(`apt-get: ${reason(error)}`)
    }
  }
  const instead = mayInstall
    ? ', or set REVOCADE_TEST_REDIS_URL to a server that is there (redis://host:port)'
    : ''
  const whatToDo =
    'No Redis server can be started for the tests. Put redis-server or valkey-server ' +
    `(${OLDEST.join('.')} or newer) on PATH, or start Docker${instead}. Tried: ${tried.join('; ')}`
  return { found: { kind: 'none', whatToDo }, description: whatToDo }
}

/**
 * The first server program on a PATH that is new enough, with its name and version.
 * @param tried Where to note what was looked for or is too old.
 */
export async function findBinary(path: string, tried: string[] = []): Promise<Found<string> | undefined> {
  for (const name of NAMES) {
    for (const folder of path.split(delimiter).filter((folder) => folder !== '')) {
      const file = join(folder, name)
      const executable = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
      if (!executable) continue
      const { stdout } = await promisify(execFile)(file, ['--version'])
      const version = /v=([\d.]+)/.exec(stdout)?.[1] ?? 'of unknown version'
      if (isSupported(version)) return { found: file, description: `${name} ${version}` }
      tried.push(`${file}: ${version} is too old`)
    }
  }
  tried.push(`PATH: no ${NAMES.join(' or ')}`)
  return undefined
}

/** @param version `7.0.15`. */
export function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
}

/** Name and version of the server at a URL. A URL that somebody set and that doesn't work ends the run. */
async function versionAt(url: string): Promise<string> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: 5000,
    commandTimeout: 5000,
  })
  let why: unknown // connect() rejects too, but says less
  client.on('error', (error) => (why = error))
  try {
    await client.connect()
    const info = await client.info('server')
    const version = /^redis_version:([\d.]+)/m.exec(info)?.[1] ?? 'of unknown version'
    if (!isSupported(version))
      throw new Error(`it is ${version}, and the oldest supported is ${OLDEST.join('.')}`)
    return `redis ${version}`
  } catch (error) {
    throw new Error(
      `REVOCADE_TEST_REDIS_URL: no usable Redis there (${reason(why ?? error)}). ` +
        'Start it, or unset the variable.',
      { cause: error },
    )
  } finally {
    client.disconnect()
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const late = setTimeout(ms, undefined, { ref: false }).then(() => {
    throw new Error(`no answer within ${ms / 1000} s`)
  })
  return Promise.race([promise, late])
}

/** What an error says, programs' complaints included, in one line of bearable length. */
const reason = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().replace(/\s+/g, ' ').slice(0, 500)
