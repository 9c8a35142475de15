import { join } from 'node:path'
import fc from 'fast-check'
import { createRevocade, type Revocade, type RevocadeOptions } from 'revocade'
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { readEngineStats } from '#dist/redis/inspect/engine-stats-message.js'
import { RedisInspector } from '#dist/redis/inspect/inspector.js'
import { readRedisOptions } from '#dist/redis/options.js'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW } from '../support/time.js'

let redis: RedisServer
const folder = temporaryDirectory()
const store = join(folder, 'revocade.db')
/** Long enough for a busy machine. */
const SOON = { timeout: 30_000 }

beforeAll(async () => {
  redis = await startRedis()
  return redis.stop
})
beforeEach(async () => {
  await redis.command('FLUSHALL')
})

async function engine(options: RevocadeOptions = {}): Promise<Revocade> {
  const made = await createRevocade({ store, redis: redis.url, snapshot: false, ...options })
  onTestFinished(() => made.close())
  await expect.poll(() => made.stats().redis?.wakeUps.listening, SOON).toBe(true)
  return made
}

async function observer(
  storeId: string,
  { namespace = 'default', url = redis.url, timeoutMs = 10_000 } = {},
): Promise<RedisInspector> {
  const made = await RedisInspector.connect(readRedisOptions({ url, timeoutMs }), storeId, namespace)
  onTestFinished(() => made.stop())
  return made
}

/** A client that counts as an engine which was reached, until the end of the test. */
function subscriber() {
  const client = redis.client()
  onTestFinished(() => client.disconnect())
  return client
}

/** The answer of an engine, as the server delivers it. */
async function realAnswer(): Promise<Record<string, unknown>> {
  const made = await engine()
  const { id } = made.stats().store
  const client = subscriber()
  const message = new Promise<string>(
    (resolve) => void client.on('pmessage', (_pattern, _channel, text: string) => resolve(text)),
  )
  await client.psubscribe('revocade:*:*')
  const watching = await observer(id)
  await watching.engineStats()
  return JSON.parse(await message) as Record<string, unknown>
}

type Json = Record<string, unknown>

/** Paths of all required properties. */
const READ = [
  'engine',
  'prefilter',
  'prefilter.kind',
  'prefilter.entries',
  'prefilter.bytes',
  'decided',
  'decided.prefilter',
  'decided.cache',
  'decided.redis',
  'decided.store',
  'decided.policy',
  'lease',
  'lease.live',
  'lease.maxStalenessMs',
  'store',
  'store.seq',
  'redis',
  'redis.state',
  'redis.breaker',
  'redis.queued',
  'redis.complete',
  'redis.buckets',
  'redis.verified',
]

function changed(answer: Json, path: string, value: unknown): string {
  const copy = structuredClone(answer)
  const names = path.split('.')
  const last = names.pop() ?? ''
  const holder = names.reduce<Json>((object, name) => object[name] as Json, copy)
  if (value === undefined) Reflect.deleteProperty(holder, last)
  else holder[last] = value
  return JSON.stringify(copy)
}

describe('readEngineStats', () => {
  it('accepts the answer of an engine, and none with a wrong or missing part', async () => {
    const answer = await realAnswer()
    expect(readEngineStats(JSON.stringify(answer))).toEqual(answer)
    for (const path of READ) {
      for (const wrong of [undefined, null, -1, [], 'x'.repeat(300)])
        expect(readEngineStats(changed(answer, path, wrong)), `${path}: ${String(wrong)}`).toBeUndefined()
    }
    for (const path of [
      'lease.ageMs',
      'redis.why',
      'redis.roundTripMs',
      'prefilter.measuredFalsePositiveRate',
    ]) {
      expect(readEngineStats(changed(answer, path, null)), path).toBeDefined()
      expect(readEngineStats(changed(answer, path, {})), path).toBeUndefined()
    }
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (message) => readEngineStats(message) === undefined),
    )
  })
})

describe('RedisInspector.engineStats', () => {
  it('resolves once all engines of the store and namespace have answered', async () => {
    const [first, second] = [await engine(), await engine()]
    await engine({ namespace: 'other' })
    await engine({ store: join(folder, 'another.db') })
    await first.revoke({ jti: 'a', exp: TOMORROW })
    expect(first.isClearlyActive({ jti: 'b' })).toBe(true)
    const watching = await observer(second.stats().store.id)
    for (let round = 0; round < 2; round++) {
      // Longer than the timeout of the test.
      const { reached, answers, failure } = await watching.engineStats(600_000)
      expect({ reached, failure }).toEqual({ reached: 2, failure: null })
      expect(answers.map(({ figures }) => figures.decided.prefilter).sort()).toEqual([0, 1])
      expect(answers.map(({ figures }) => figures.store.seq)).toEqual([1, 1])
      expect(new Set(answers.map(({ figures }) => figures.engine)).size).toBe(2)
    }
  })

  it('ends its wait for an engine that does not answer, and counts it', async () => {
    const made = await engine()
    const { id } = made.stats().store
    const [channel = ''] = (await redis.command('PUBSUB', 'CHANNELS', 'revocade:*')) as string[]
    const mute = subscriber()
    await mute.subscribe(channel)
    const watching = await observer(id)
    const begun = performance.now()
    expect(await watching.engineStats(2000)).toMatchObject({
      reached: 2,
      answers: [{ figures: { store: { id } } }],
      failure: null,
    })
    expect(performance.now() - begun).toBeGreaterThan(1990)
  })

  it('ignores other messages on the channel', async () => {
    const made = await engine()
    const liar = subscriber()
    const speaker = redis.client()
    liar.on('pmessage', (_pattern: string, _channel: string, message: string) => {
      const asker = /^figures (.*)$/.exec(message)?.[1]
      if (asker === undefined) return
      for (const lie of ['', '{}', 'null', '{"engine":"evil"}', 'x'.repeat(100_000)])
        void speaker.publish(`${_channel}:${asker}`, lie)
    })
    await liar.psubscribe('revocade:*')
    const watching = await observer(made.stats().store.id)
    const { answers } = await watching.engineStats(2000)
    expect(answers).toHaveLength(1)
  })

  it('says why it failed, and works again when the server is back', async () => {
    const own = await startRedis()
    const made = await createRevocade({ store, redis: own.url, snapshot: false })
    onTestFinished(() => made.close())
    const watching = await observer(made.stats().store.id, { url: own.url, timeoutMs: 200 })
    await expect.poll(async () => (await watching.engineStats()).answers.length, SOON).toBe(1)
    expect(watching.server).toMatchObject({ state: 'ready', why: null, server: `${own.url}/0` })
    await own.suspend(true)
    expect(await watching.engineStats()).toMatchObject({
      reached: null,
      answers: [],
      failure: 'no reply to PUBLISH within 200 ms',
    })
    expect(watching.server).toMatchObject({
      state: 'unavailable',
      why: 'no reply to PUBLISH within 200 ms',
      roundTripMs: null,
    })
    await own.suspend(false)
    await expect.poll(async () => (await watching.engineStats()).answers.length, SOON).toBe(1)
    await own.kill()
    await expect
      .poll(() => watching.server, SOON)
      .toMatchObject({ state: 'unavailable', why: expect.stringContaining('ECONNREFUSED') as string })
    await own.restart()
    await expect.poll(async () => (await watching.engineStats()).answers.length, SOON).toBe(1)
    expect(watching.server.state).toBe('ready')
  })
})

describe('RedisInspector.sampleKeys', () => {
  async function openStore(path: string): Promise<{ readonly file: SqliteStore; readonly id: string }> {
    const file = new SqliteStore(path, { integrityCheckDelayMs: Infinity })
    const silent = (): void => undefined
    const logger = { debug: silent, info: silent, warn: silent, error: silent }
    const { id } = await file.open({
      namespace: 'default',
      secret: undefined,
      exclusive: false,
      purgeGraceSeconds: 3600,
      clock: Date,
      logger,
    })
    onTestFinished(() => file.close())
    return { file, id }
  }

  async function memory(): Promise<number> {
    const keys = (await redis.command('KEYS', 'revocade:*')) as string[]
    const used = await Promise.all(keys.map((key) => redis.command('MEMORY', 'USAGE', key)))
    return used.reduce<number>((sum, bytes) => sum + Number(bytes), 0)
  }

  it('counts present and current buckets, and their memory', async () => {
    const { file, id } = await openStore(store)
    const made = await engine()
    await made.revoke({ jti: 'k', exp: TOMORROW })
    await expect.poll(() => made.stats().redis?.complete, SOON).toBe(true)
    const watching = await observer(id)
    const buckets = made.stats().redis?.buckets
    expect(await watching.sampleKeys(file.buckets)).toEqual({
      buckets,
      lookedAt: buckets,
      present: buckets,
      current: buckets,
      estimatedBytes: await memory(),
    })
    await made.close()
    await redis.command('FLUSHALL')
    expect(await watching.sampleKeys(file.buckets)).toEqual({
      buckets,
      lookedAt: buckets,
      present: 0,
      current: 0,
      estimatedBytes: 0,
    })
  })

  it('estimates from a sample of many buckets', async () => {
    const { file, id } = await openStore(join(folder, 'many.db'))
    await file.buckets.split(10)
    const made = await engine({ store: join(folder, 'many.db') })
    await made.revokeMany(Array.from({ length: 3000 }, (_, i) => ({ jti: `k${i}`, expiresAt: TOMORROW })))
    await expect.poll(() => made.stats().redis?.complete, SOON).toBe(true)
    const { estimatedBytes, ...counts } = await (await observer(id)).sampleKeys(file.buckets)
    expect(counts).toEqual({ buckets: 1024, lookedAt: 256, present: 256, current: 256 })
    const real = await memory()
    expect(Math.abs((estimatedBytes ?? 0) / real - 1)).toBeLessThan(0.2)
  })

  it('gives no memory if the server refuses MEMORY USAGE', async () => {
    const { file, id } = await openStore(store)
    const made = await engine()
    await expect.poll(() => made.stats().redis?.complete, SOON).toBe(true)
    await redis.command(
      'ACL',
      'SETUSER',
      'watcher',
      'on',
      '>pw',
      '~revocade:*',
      '&revocade:*',
      '+@all',
      '-memory',
    )
    const watching = await observer(id, { url: redis.url.replace('//', '//watcher:pw@') })
    expect(await watching.sampleKeys(file.buckets)).toMatchObject({
      present: 1,
      current: 1,
      estimatedBytes: null,
    })
    expect((await watching.engineStats(10_000)).answers).toHaveLength(1)
  })

  it('sees buckets that are behind the store', async () => {
    const { file, id } = await openStore(join(folder, 'behind.db'))
    const made = await engine({ store: join(folder, 'behind.db') })
    await made.revoke({ jti: 'k', exp: TOMORROW })
    await expect.poll(() => made.stats().redis?.complete, SOON).toBe(true)
    await made.close()
    const withoutRedis = await createRevocade({ store: join(folder, 'behind.db'), snapshot: false })
    await withoutRedis.revoke({ jti: 'l', exp: TOMORROW })
    await withoutRedis.close()
    expect(await (await observer(id)).sampleKeys(file.buckets)).toMatchObject({
      buckets: 1,
      present: 1,
      current: 0,
    })
  })
})
