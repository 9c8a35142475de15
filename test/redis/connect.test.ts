import { execFile } from 'node:child_process'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import type { RedisClient, RedisConnections } from '#dist/redis/connection/client.js'
import { connectRedis } from '#dist/redis/connection/connect.js'
import { readRedisOptions } from '#dist/redis/options.js'
import { COVERED } from '../support/coverage.js'
import { startProxy } from '../support/redis/proxy.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { makeCertificate, startTls } from '../support/redis/tls.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
  return redis.stop
})

/** Connections that the end of the test ends, and what `error` events of both said. */
async function connections(options: unknown): Promise<RedisConnections & { readonly errors: string[] }> {
  const made = await connectRedis(readRedisOptions(options))
  const errors: string[] = []
  const clients = made.handedIn ? [made.subscriber] : [made.commands, made.subscriber]
  for (const client of clients) client.on('error', (error: Error) => errors.push(error.message))
  onTestFinished(() => clients.forEach((client) => client.disconnect()))
  return { ...made, errors }
}

async function ask(client: RedisClient, command: string, ...args: string[]): Promise<unknown> {
  const reply = await client.callBuffer(command, ...args)
  return reply instanceof Buffer ? reply.toString() : reply
}

const statusOf =
  (client: RedisClient): (() => string) =>
  () =>
    client.status
const clientsNamed = async (server: RedisServer, name: string): Promise<number> =>
  String(await server.command('CLIENT', 'LIST'))
    .split('\n')
    .filter((line) => line.includes(` name=${name} `)).length

/** The connections work, and lead to where this client is connected. */
async function lead({ commands, subscriber }: RedisConnections, own: Redis): Promise<void> {
  for (const client of [commands, subscriber]) if (client.status === 'wait') await client.connect()
  const key = `lead:${Math.random()}`
  await ask(commands, 'SET', key, 'there')
  await expect(own.getdel(key)).resolves.toBe('there')
  const heard = new Promise((resolve) =>
    subscriber.on('message', (channel: string, message: string) => resolve([channel, message])),
  )
  await subscriber.subscribe(key)
  await ask(commands, 'PUBLISH', key, 'news')
  await expect(heard).resolves.toEqual([key, 'news'])
}

describe('connectRedis', () => {
  it('connects to one server, under the name revocade', async () => {
    const made = await connections(redis.url)
    expect([made.commands.status, made.subscriber.status, made.handedIn, made.description]).toEqual([
      'wait',
      'wait',
      false,
      `${redis.url}/0`,
    ])
    await lead(made, redis.client())
    expect(await clientsNamed(redis, 'revocade')).toBe(2)
  })

  it('selects a database by its number', async () => {
    await lead(await connections(`${redis.url}/3`), redis.client({ db: 3 }))
  })

  it('connects to a socket', async () => {
    await lead(await connections(redis.socketPath), redis.client())
    await lead(await connections(`unix://${redis.socketPath}?db=2`), redis.client({ db: 2 }))
  })

  it('logs in as the default user and as a user of the access control list', async () => {
    const locked = await startRedis({
      args: ['--requirepass', 'p@ss:word/1', '--user', 'app', 'on', '>app%pass', '~*', '&*', '+@all'],
    })
    const { port } = locked
    const own = locked.client({ password: 'p@ss:word/1' })
    await lead(await connections(`redis://:p%40ss%3Aword%2F1@127.0.0.1:${port}`), own)
    await lead(await connections({ host: '127.0.0.1', port, username: 'app', password: 'app%pass' }), own)
    await lead(
      await connections(`redis://app:app%25pass@127.0.0.1:${port}/1`),
      locked.client({ password: 'p@ss:word/1', db: 1 }),
    )
  })

  it('tries again after a wrong password, which is in no error', async () => {
    const locked = await startRedis({ args: ['--requirepass', 'right'] })
    const made = await connections(`redis://:hunter2-wrong@127.0.0.1:${locked.port}`)
    await expect(made.commands.connect()).rejects.toThrow(expect.not.stringContaining('hunter2') as string)
    await expect.poll(() => made.errors.length).toBeGreaterThan(1)
    expect(made.errors.join()).toMatch(/WRONGPASS/)
    expect(made.errors.join()).not.toContain('hunter2')
  })
})

describe('TLS', () => {
  const certificate = makeCertificate()
  const ca = certificate.pem
  let port = 0
  beforeAll(async () => {
    const front = await startTls(redis, certificate)
    port = front.port
    return front.close
  })

  it('connects if the certificate is known', async () => {
    await lead(
      await connections({ url: `rediss://localhost:${port}/1`, tls: { ca } }),
      redis.client({ db: 1 }),
    )
    await lead(await connections({ host: '127.0.0.1', port, tls: { ca } }), redis.client())
  })

  it('refuses an unknown certificate', async () => {
    const made = await connections(`rediss://localhost:${port}`)
    await expect(made.commands.connect()).rejects.toThrow()
    expect(made.errors.join()).toMatch(/self-signed/)
    expect(made.commands.status).not.toBe('ready')
  })
})

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

// A deployment of several processes is too much for a test. One node that is a whole cluster shows that form.
describe.runIf(inject('redis').own.kind === 'binary')('a cluster', () => {
  let node: RedisServer
  beforeAll(async () => {
    node = await startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'] })
    await node.command('CLUSTER', 'ADDSLOTS', ...Array.from({ length: 16_384 }, (_, slot) => slot))
    while (!String(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(20)
    return node.stop
  })

  it('is found by some of its nodes, and by the client of a caller', async () => {
    const made = await connections({ nodes: [`127.0.0.1:${node.port}`, '127.0.0.1:1'] })
    await lead(made, node.client())
    const around = await connections({ client: made.commands })
    expect(around.subscriber.status).toBe('wait')
    await lead(around, node.client())
  })

  it('keeps no process alive', async () => {
    expect(await idle(`redis://127.0.0.1:${node.port},127.0.0.1:1`)).toMatchObject({ stdout: 'answered\n' })
  })
})

describe('A server that is away', () => {
  it('is tried again until it is back', async () => {
    const proxy = await startProxy(redis)
    proxy.refuse()
    const { commands, subscriber, errors } = await connections(proxy.url)
    await expect(commands.connect()).rejects.toThrow('Connection is closed')
    await expect(subscriber.connect()).rejects.toThrow('Connection is closed')
    await expect.poll(() => errors.length).toBeGreaterThan(3)
    await proxy.accept()
    await expect.poll(statusOf(commands), { timeout: 5000 }).toBe('ready')
    await expect.poll(statusOf(subscriber), { timeout: 5000 }).toBe('ready')
  })

  it('makes all commands reject at once, and none is sent later', async () => {
    const proxy = await startProxy(redis)
    const { commands } = await connections(proxy.url)
    await commands.connect()
    proxy.blackHole()
    const key = `lost:${Math.random()}`
    const lost = commands.callBuffer('INCR', key)
    lost.catch(() => undefined)
    await sleep(50)
    proxy.refuse()
    proxy.reset()
    await expect(lost).rejects.toThrow()
    const asked = performance.now()
    await expect(commands.callBuffer('INCR', key)).rejects.toThrow()
    expect(performance.now() - asked).toBeLessThan(20)
    await proxy.restore()
    await expect.poll(statusOf(commands)).toBe('ready')
    expect(await commands.callBuffer('GET', key)).toBeNull()
  })

  it('is given up if it accepts connections and sends nothing', async () => {
    const proxy = await startProxy(redis)
    proxy.blackHole()
    const { commands } = await connections(proxy.url)
    const first = commands.connect()
    const since = performance.now()
    await expect(first).rejects.toThrow('Connection is closed')
    expect(performance.now() - since).toBeLessThan(4000)
    await proxy.restore()
    await expect.poll(statusOf(commands), { timeout: 5000 }).toBe('ready')
  })

  it('gets no subscription by itself when it is back', async () => {
    const proxy = await startProxy(redis)
    const { subscriber } = await connections(proxy.url)
    await subscriber.connect()
    const channel = `channel:${Math.random()}`
    await subscriber.subscribe(channel)
    expect(await redis.command('PUBSUB', 'NUMSUB', channel)).toEqual([channel, 1])
    const back = new Promise<void>((resolve) => subscriber.on('ready', resolve))
    proxy.reset()
    await back
    await sleep(50)
    expect(await redis.command('PUBSUB', 'NUMSUB', channel)).toEqual([channel, 0])
  })

  it('is reconnected to once if it has become a replica', async () => {
    const replica = await startRedis()
    const { commands } = await connections(replica.url)
    await commands.connect()
    const first = await commands.callBuffer('CLIENT', 'ID')
    await replica.command('REPLICAOF', '127.0.0.1', '1')
    await expect(commands.callBuffer('SET', 'a', '1')).rejects.toThrow('READONLY')
    await expect.poll(() => commands.callBuffer('CLIENT', 'ID').catch(() => first)).not.toBe(first)
    const second = await commands.callBuffer('CLIENT', 'ID')
    await expect(commands.callBuffer('SET', 'a', '1')).rejects.toThrow('READONLY')
    await sleep(200)
    expect(await commands.callBuffer('CLIENT', 'ID')).toBe(second)
  })
})

describe('The client of a caller', () => {
  it('is not connected, changed or ended; its duplicate is', async () => {
    const client = redis.client({
      lazyConnect: true,
      db: 4,
      commandTimeout: 5000,
      connectionName: 'theirs',
      maxRetriesPerRequest: 7,
    })
    const before = { ...client.options }
    const made = await connections(client)
    expect([made.commands === client, made.handedIn, client.status, made.subscriber.status]).toEqual([
      true,
      true,
      'wait',
      'wait',
    ])
    expect(client.options).toEqual(before)
    expect(made.subscriber).toBeInstanceOf(Redis)
    expect((made.subscriber as unknown as Redis).options).toMatchObject({
      db: 4,
      port: redis.port,
      commandTimeout: undefined,
      autoResubscribe: false,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
    })
    await client.connect()
    await lead(made, redis.client({ db: 4 }))
    made.subscriber.disconnect()
    await expect.poll(statusOf(made.subscriber)).toBe('end')
    await expect(client.ping()).resolves.toBe('PONG')
    expect(await clientsNamed(redis, 'theirs')).toBe(1)
  })

  it('gets a listener for errors if it has none', async () => {
    const [quiet, heard] = [new Redis({ lazyConnect: true }), new Redis({ lazyConnect: true })]
    heard.on('error', () => undefined)
    for (let engines = 0; engines < 3; engines++) {
      await connections(quiet)
      await connections(heard)
    }
    expect([quiet.listenerCount('error'), heard.listenerCount('error')]).toEqual([1, 1])
  })

  it('has a duplicate with the retries and deadlines of this package', async () => {
    const proxy = await startProxy(redis)
    const client = new Redis({
      port: proxy.port,
      host: '127.0.0.1',
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: null,
    })
    const { subscriber } = await connections(client)
    proxy.refuse()
    await expect(subscriber.connect()).rejects.toThrow()
    await sleep(100)
    await proxy.accept()
    await expect.poll(statusOf(subscriber), { timeout: 5000 }).toBe('ready')
  })
})

const CHILD = fileURLToPath(new URL('children/idle.mjs', import.meta.url))

/** Runs a program that leaves its connections open, until it exits. Rejects after 40 seconds. */
function idle(url: string, ...patienceMs: string[]): Promise<{ readonly stdout: string }> {
  const options = { timeout: 40_000, env: { ...process.env, ...COVERED } }
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [CHILD, url, ...patienceMs], options, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout: stdout + stderr })
      else reject(new Error(`it did not end well: ${stdout}${stderr}`, { cause: error }))
    })
  })
}

describe('A process that has nothing else to do', () => {
  it('ends while it is connected', async () => {
    expect(await idle(redis.url)).toMatchObject({ stdout: 'answered\n' })
  })

  it('ends while the server refuses connections, or its name is unknown', async () => {
    expect(await idle('redis://127.0.0.1:1')).toMatchObject({ stdout: 'failed\n' })
    expect(await idle('redis://no-such-host.invalid')).toMatchObject({
      stdout: expect.stringMatching(/^(failed\n)?$/) as string,
    })
  })

  it('ends while the server is silent', async () => {
    const silent = createTcpServer(() => undefined)
    onTestFinished(() => void silent.close())
    expect(await idle(`redis://127.0.0.1:${await listening(silent)}`, '500')).toMatchObject({ stdout: '' })
  })
})
