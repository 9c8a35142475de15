import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { basename, join } from 'node:path'
import { Redis } from 'ioredis'
import { ScriptTarget, transpile } from 'typescript'
import { beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { temporaryDirectory } from '../temp.js'
import { countCommands } from './count-commands.js'
import { findBinary, isSupported } from './find.js'
import { borrowRedis, type RedisServer, startRedis } from './server.js'

const within = <T>(ms: number, promise: Promise<T>): Promise<T | 'not yet'> =>
  Promise.race([promise, new Promise<'not yet'>((resolve) => setTimeout(() => resolve('not yet'), ms))])

/** Whether nobody listens there. The kernel still accepts for a server that is stopped. */
async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return false
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return true
    throw error
  } finally {
    socket.destroy()
  }
}

describe("a server of the test's own", () => {
  it('answers at its port and its socket, empty', async () => {
    const redis = await startRedis()
    expect(await redis.client().ping()).toBe('PONG')
    expect(await redis.command('DBSIZE')).toBe(0)
    const socket = new Redis(redis.socketPath)
    expect(await socket.set('a', '1')).toBe('OK')
    socket.disconnect()
    expect(await redis.command('GET', 'a')).toBe('1')
  })

  it('is another one for each that asks', async () => {
    const [one, two] = await Promise.all([startRedis(), startRedis()])
    expect(one.port).not.toBe(two.port)
    await one.command('SET', 'a', '1')
    expect(await two.command('GET', 'a')).toBeNull()
  })

  it('stopped, it answers nothing; continued, it answers what was asked meanwhile', async () => {
    const redis = await startRedis()
    const client = redis.client()
    await client.ping()
    await redis.suspend(true)
    const reply = client.incr('a')
    expect(await within(100, reply)).toBe('not yet')
    await redis.suspend(false)
    expect(await reply).toBe(1)
  })

  it('killed, it refuses connections; started again, it is empty, at the same address', async () => {
    const redis = await startRedis()
    await redis.command('SET', 'a', '1')
    const { port } = redis
    await redis.kill()
    expect(await isRefused(port)).toBe(true)
    await redis.restart()
    expect(redis.port).toBe(port)
    expect(await redis.command('GET', 'a')).toBeNull()
  })

  it('with an append-only file it keeps its data, unless told not to', async () => {
    const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
    await redis.command('SET', 'a', '1')
    await redis.restart() // SIGKILL
    expect(await redis.command('GET', 'a')).toBe('1')
    await redis.restart({ empty: true })
    expect(await redis.command('GET', 'a')).toBeNull()
  })

  it('options that it does not know are an error with what it says about them', async () => {
    await expect(startRedis({ args: ['--no-such-option', 'yes'] })).rejects.toThrow(/Bad directive/)
  })
})

describe('one server for several tests', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
    return redis.stop
  })

  it('lives on from one test', async () => {
    expect(await redis.command('SET', 'a', '1')).toBe('OK')
  })

  it('to the next', async () => {
    expect(await redis.command('GET', 'a')).toBe('1')
  })

  it('counts the commands of others and not its own', async () => {
    const client = redis.client()
    await client.ping()
    const sent = await countCommands(redis)
    expect(await sent()).toEqual({})
    await client.hset('h', 'f', 'v')
    await client.hmget('h', 'f', '#')
    await client.hmget('h', 'g', '#')
    await client.client('GETNAME')
    expect(await sent()).toEqual({ hset: 1, hmget: 2, 'client|getname': 1 })
    expect(await sent()).toEqual({})
    await client.info('server')
    expect(await sent()).toEqual({ info: 1 })
    await client.eval("return redis.call('INCR', KEYS[1])", 1, 'n')
    expect(await sent()).toEqual({ eval: 1, incr: 1 })
  })
})

it('a borrowed server answers', async () => {
  const redis = await borrowRedis()
  expect(await redis.command('PING')).toBe('PONG')
})

const { own } = inject('redis')

// In Docker this is the task of testcontainers' reaper.
it.runIf(own.kind === 'binary')(
  'a server does not outlive a process that is killed, nor does its directory',
  async () => {
    const folder = temporaryDirectory()
    for (const name of ['./server-process', './free-port', '../child-server']) {
      const source = readFileSync(new URL(`${name}.ts`, import.meta.url), 'utf8')
      writeFileSync(
        join(folder, `${basename(name)}.mjs`),
        transpile(source, { target: ScriptTarget.ES2022 }).replaceAll(/'\.+\/([\w-]+)\.js'/g, "'./$1.mjs'"),
      )
    }
    writeFileSync(
      join(folder, 'child.mjs'),
      `
    import { ServerProcess } from './server-process.mjs'
    const server = new ServerProcess(process.argv[2], [])
    await server.start(true)
    await server.suspend(true) // a stopped one too
    process.send({ port: server.port, socketPath: server.socketPath })`,
    )
    const child = fork(join(folder, 'child.mjs'), own.kind === 'binary' ? [own.path] : [], { execArgv: [] })
    const [{ port, socketPath }] = (await once(child, 'message')) as [{ port: number; socketPath: string }]
    expect(existsSync(socketPath)).toBe(true)
    child.kill('SIGKILL')
    await vi.waitFor(
      async () => {
        expect(await isRefused(port)).toBe(true)
        expect(existsSync(socketPath)).toBe(false)
      },
      { timeout: 5000 },
    )
  },
)

describe('finding one', () => {
  it('on PATH, or nowhere, and then it says where it looked', async () => {
    const tried: string[] = []
    expect(await findBinary('/nonexistent:', tried)).toBeUndefined()
    expect(tried).toEqual(['PATH: no redis-server or valkey-server'])
  })

  it.each([
    ['6.2.0', true],
    ['7.0.15', true],
    ['8.2', true],
    ['10.0.0', true],
    ['6.0.16', false],
    ['5.0.14', false],
    ['of unknown version', false],
  ])('%s is supported: %s', (version, supported) => expect(isSupported(version)).toBe(supported))
})
