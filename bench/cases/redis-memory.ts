import { createRevocade } from '#dist/index.js'
import { seconds } from '../harness/measure.js'
import { RedisServer } from '../harness/redis-server.js'
import { assertAnswer, atLeast, atMost, type Case, type Context, type Row } from '../harness/types.js'
import { EXPIRES_AT } from '../inputs/claims.js'
import { Random } from '../inputs/random.js'
import { storeFile } from '../inputs/store-file.js'
import { filled } from './redis.js'
import { sizesOf } from './sizes.js'

const PIPELINE = 10_000
/** A JWT of few claims signed with ES256. */
const JWT_LENGTH = 250

/** As long as one, and no two alike. */
const jwtLike = (random: Random): string => random.uuid().padStart(JWT_LENGTH, 'x')

/** Memory that a server uses more after something was put into it. */
async function growth(server: RedisServer, fill: () => Promise<unknown>): Promise<number> {
  await server.client.flushall()
  const before = await server.usedMemory()
  await fill()
  return (await server.usedMemory()) - before
}

async function setKeys(server: RedisServer, count: number, key: (i: number) => string): Promise<void> {
  for (let from = 0; from < count; from += PIPELINE) {
    const pipeline = server.client.pipeline()
    for (let i = from; i < Math.min(count, from + PIPELINE); i++)
      pipeline.set(`blacklist:${key(i)}`, '1', 'EXAT', EXPIRES_AT)
    await pipeline.exec()
  }
}

async function run(context: Context): Promise<Row[]> {
  const { entries: count } = sizesOf('redis-memory', context.scale)
  const random = new Random(context.seed, 'redis-memory')
  await using server = await RedisServer.start()
  const perJwt = (await growth(server, () => setKeys(server, count, () => jwtLike(random)))) / count
  const perJti = (await growth(server, () => setKeys(server, count, () => random.uuid()))) / count
  const store = await storeFile(context, count)
  let fillSeconds = 0
  const ours =
    (await growth(server, async () => {
      // Closed before it is measured: its connections use memory as well.
      await using engine = await createRevocade({ store, redis: server.url })
      fillSeconds = (await seconds(() => filled(engine))).seconds
    })) / count
  const keys = await server.client.keys('revocade:*')
  const encodings = new Set(
    await Promise.all(keys.slice(0, 1000).map((key) => server.client.object('ENCODING', key))),
  )
  assertAnswer(
    encodings.size === 1 && encodings.has('listpack'),
    `buckets are listpacks, not ${[...encodings].join(', ')}`,
  )
  const lengths = await Promise.all(keys.map((key) => server.client.hlen(key)))
  const fields = lengths.reduce((sum, length) => sum + length - 1, 0)
  assertAnswer(fields === count, `${fields} of ${count} revocations are in Redis`)
  return [
    {
      what: 'bytes a revocation',
      value: ours,
      unit: 'bytes',
      target: atMost(20),
      from: `${keys.length.toLocaleString('en')} buckets`,
    },
    {
      what: 'SET blacklist:<jti> ÷ ours',
      value: perJti / ours,
      unit: 'x',
      target: atLeast(7),
      from: `${perJti.toFixed(0)} ÷ ${ours.toFixed(1)} bytes`,
    },
    {
      what: `SET blacklist:<JWT of ${JWT_LENGTH}> ÷ ours`,
      value: perJwt / ours,
      unit: 'x',
      target: atLeast(20),
      from: `${perJwt.toFixed(0)} ÷ ${ours.toFixed(1)} bytes`,
    },
    { what: 'filling an empty Redis in the background', value: fillSeconds, unit: 's' },
  ]
}

export const redisMemory: Case = { name: 'redis-memory', title: 'Memory in Redis, 1 M revocations', run }
