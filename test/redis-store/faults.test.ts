import { expect, it, onTestFinished } from 'vitest'
import { RedisStore } from '#dist/store/redis/index.js'
import { follow, read, revoke, unrevoke, write } from '#dist/testing/store/fixtures.js'
import { childWriter } from '../store/child-writer.js'
import { open, verdict } from '../support/engine.js'
import { ourError } from '../support/errors.js'
import { startProxy } from '../support/redis/proxy.js'
import { startRedis } from '../support/redis/server.js'
import { scaled } from '../support/scale.js'
import { DURABLE, openRedisStore } from './support.js'

const NOW = Math.floor(Date.now() / 1000)
const token = (jti: string) => ({ jti, iss: 'i', exp: NOW + 3600 })

it('a server that is killed loses nothing that it acknowledged, again and again', async () => {
  const redis = await startRedis({ args: DURABLE })
  const engine = await open({ store: redis.url, maxStalenessMs: 300 })
  const acknowledged: string[] = []
  let running = true
  let next = 0
  const revoker = async (): Promise<void> => {
    while (running) {
      const jti = `t${next++}`
      await engine.revoke(token(jti)).then(
        () => acknowledged.push(jti),
        (error: unknown) => expect(error).toEqual(ourError('ERR_NOT_DURABLE')),
      )
    }
  }
  const revokers = Array.from({ length: 8 }, revoker)
  for (let kills = 0; kills < scaled(5); kills++) {
    const before = acknowledged.length
    await expect.poll(() => acknowledged.length, { timeout: 30_000 }).toBeGreaterThan(before + 50)
    await redis.restart()
  }
  running = false
  await Promise.all(revokers)
  const fresh = await open({ store: redis.url })
  const lost = []
  for (const jti of acknowledged) if ((await verdict(fresh, token(jti))) !== 'revoked') lost.push(jti)
  expect(lost).toEqual([])
  await expect.poll(() => verdict(engine, token('never'))).toBe('active')
})

it('a server that hangs leaves a token unknown, and a revocation not acknowledged', async () => {
  const redis = await startRedis({ args: DURABLE })
  const store = new RedisStore(redis.url, { writeTimeoutMs: 300, readTimeoutMs: 200 })
  const engine = await open({ store, maxStalenessMs: 100 })
  await engine.revoke(token('a'))
  await expect.poll(() => verdict(engine, token('b'))).toBe('active')
  await redis.suspend(true)
  try {
    await expect.poll(async () => (await engine.check(token('b'))).status).toBe('unknown')
    await expect(engine.revoke(token('c'))).rejects.toEqual(ourError('ERR_NOT_DURABLE', 'may stand'))
  } finally {
    await redis.suspend(false)
  }
  await expect.poll(() => verdict(engine, token('b'))).toBe('active')
  expect(await verdict(engine, token('a'))).toBe('revoked')
})

it('a commit that comes after its time is refused by the server', async () => {
  const redis = await startRedis({ args: DURABLE })
  const store = await openRedisStore(redis.url, { writeTimeoutMs: 300, readTimeoutMs: 200 })
  await write(store, revoke(1))
  await redis.suspend(true)
  try {
    await expect(store.write([unrevoke(1)])).rejects.toEqual(ourError('ERR_NOT_DURABLE', 'may stand'))
    await new Promise((resolve) => setTimeout(resolve, 700))
  } finally {
    await redis.suspend(false)
  }
  await expect
    .poll(() =>
      read(store, 1).then(
        (row) => row?.revoked,
        () => 'no answer',
      ),
    )
    .toBe(true)
  // The clock of the server is as it was; the poll says so.
  await follow(store, { seq: 0, epoch: '' })
  expect(await write(store, revoke(2))).toEqual([[2, expect.any(Number)]])
})

it('a commit whose answer is lost is acknowledged once it is found, and made once', async () => {
  const redis = await startRedis({ args: DURABLE })
  const proxy = await startProxy(redis)
  const store = await openRedisStore(proxy.url)
  await write(store, revoke(0))
  for (let n = 1; n <= 5; n++) {
    proxy.truncate(0)
    expect(await write(store, revoke(n), unrevoke(n - 1), revoke(n))).toEqual([
      [n * 3 - 1, expect.any(Number)],
      [n * 3, expect.any(Number)],
      [n * 3 + 1, expect.any(Number)],
    ])
  }
  const { changes, position } = await follow(store, { seq: 0, epoch: '' })
  expect([position.seq, changes.length]).toEqual([16, 6])
})

it('only one of two is told that it revoked first, even if its answer was lost', async () => {
  const redis = await startRedis({ args: DURABLE })
  const proxy = await startProxy(redis)
  const store = await openRedisStore(proxy.url)
  await write(store, unrevoke(9))
  proxy.truncate(0)
  const first = await store.write([revoke(1)])
  const second = await (await openRedisStore(redis.url)).write([revoke(1)])
  expect([first, second].map(({ written }) => written[0]?.already)).toEqual([false, true])
})

it('a server that can not be found again leaves the outcome open', async () => {
  const redis = await startRedis({ args: DURABLE })
  const proxy = await startProxy(redis)
  const store = await openRedisStore(proxy.url, { writeTimeoutMs: 300 })
  await write(store, revoke(1))
  proxy.blackHole()
  await expect(store.write([revoke(2)])).rejects.toEqual(ourError('ERR_NOT_DURABLE', 'may stand'))
  await proxy.restore()
  proxy.refuse()
  proxy.reset()
  await expect
    .poll(() => store.write([revoke(3)]).catch((error: unknown) => error))
    .toEqual(ourError('ERR_NOT_DURABLE', 'no server listens there'))
  await proxy.accept()
  await expect
    .poll(() =>
      store.write([revoke(4)]).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true)
  expect(await read(store, 3)).toBe(undefined)
})

it('scripts that the server forgot are sent again', async () => {
  const redis = await startRedis({ args: DURABLE })
  const store = await openRedisStore(redis.url)
  for (let n = 0; n < 3; n++) {
    await redis.command('SCRIPT', 'FLUSH')
    expect(await write(store, revoke(n))).toEqual([[n + 1, expect.any(Number)]])
    expect((await read(store, n))?.seq).toBe(n + 1)
  }
})

it('a server without memory refuses whole commits, and purges all the same', async () => {
  const redis = await startRedis({ args: DURABLE })
  const store = await openRedisStore(redis.url)
  await store.write(Array.from({ length: 2000 }, (_, n) => revoke(n, { expiresAt: 1000 })))
  await redis.command('CONFIG', 'SET', 'maxmemory', '1mb')
  await expect(store.write([revoke(1), revoke(5000)])).rejects.toEqual(ourError('ERR_NOT_DURABLE', 'OOM'))
  expect(await read(store, 5000)).toBe(undefined)
  expect((await read(store, 1))?.seq).toBe(2)
  expect(await store.purge()).toBe(2000)
  await redis.command('CONFIG', 'SET', 'maxmemory', '0')
  expect(await write(store, revoke(1))).toEqual([[2001, expect.any(Number)]])
})

it('a replica is refused, and so is a master that became one', async () => {
  const master = await startRedis({ args: DURABLE })
  const server = await startRedis({ args: DURABLE })
  const engine = await open({ store: server.url, maxStalenessMs: 50 })
  await engine.revoke(token('a'))
  await server.command('REPLICAOF', '127.0.0.1', master.port)
  await expect.poll(() => verdict(engine, token('a'))).toBe('unknown')
  await expect(engine.revoke(token('b'))).rejects.toEqual(ourError('ERR_NOT_DURABLE', 'replica'))
  await expect(open({ store: server.url })).rejects.toEqual(ourError('ERR_STORE_UNAVAILABLE', 'replica'))
}, 60_000)

it('a commit waits for the replicas that are demanded, and tells if they lack it', async () => {
  const master = await startRedis({ args: [...DURABLE, '--repl-diskless-sync-delay', '0'] })
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', `${master.port}`] })
  await expect.poll(() => replica.command('INFO', 'replication')).toContain('master_link_status:up')
  const store = await openRedisStore(`${master.url}?wait=1`, { writeTimeoutMs: 3000 })
  await write(store, revoke(1))
  expect(await replica.command('HGET', '{revocade}:head', 'seq')).toBe('1')
  await replica.suspend(true)
  onTestFinished(() => replica.suspend(false))
  const late = expect(store.write([revoke(2)])).rejects.toEqual(ourError('ERR_NOT_DURABLE', '0 had it'))
  await expect.poll(() => master.command('HGET', '{revocade}:head', 'seq')).toBe('2')
  const waiting = store.write([revoke(3)])
  await late
  await expect(waiting).rejects.toEqual(ourError('ERR_NOT_DURABLE', '0 had it'))
  expect((await read(store, 3))?.seq).toBe(3)
  expect((await read(store, 2))?.seq).toBe(2)
})

it('stores that write together number without gaps', async () => {
  const redis = await startRedis({ args: DURABLE })
  const [one, other] = [await openRedisStore(redis.url), await openRedisStore(redis.url)]
  const commits = await Promise.all(
    Array.from({ length: 400 }, (_, n) =>
      (n % 2 === 0 ? one : other).write([revoke(n % 50), revoke(n), unrevoke(n)]),
    ),
  )
  const seqs = commits.flatMap(({ written }) => written.map(({ seq }) => seq)).filter((seq) => seq > 0)
  expect(seqs.sort((a, b) => a - b)).toEqual(Array.from(seqs, (_, i) => i + 1))
  const { changes, position } = await follow(one, { seq: 0, epoch: '' }, 64)
  expect([position.seq, changes.length]).toEqual([seqs.length, 400])
})

it('killed processes leave nothing half done, and all that they acknowledged', async () => {
  const redis = await startRedis({ args: DURABLE })
  const lines: string[] = []
  for (let round = 0; round < scaled(4); round++) {
    const children = [0, 1, 2].map((i) => childWriter(redis.url, (round * 3 + i) * 100_000, 100_000))
    for (const child of children) await child.said(100)
    for (const child of children) child.process.kill('SIGKILL')
    for (const child of children) await child.ended
    lines.push(...children.flatMap((child) => child.lines))
  }
  const acknowledged = lines
    .filter((line) => /^\d+ \d+$/.test(line))
    .map((line) => line.split(' ').map(Number))
  expect(acknowledged.length).toBeGreaterThan(1000)
  const store = await openRedisStore(redis.url)
  for (const [seq, n = 0] of acknowledged) expect((await read(store, n))?.seq).toBe(seq)
  const { changes, position } = await follow(store, { seq: 0, epoch: '' })
  expect(changes.map(({ seq }) => seq)).toEqual(Array.from({ length: position.seq }, (_, i) => i + 1))
})
