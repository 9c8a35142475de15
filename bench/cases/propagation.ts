import { join } from 'node:path'
import { latencies } from '../engines/propagate.js'
import { timing } from '../harness/measure.js'
import { RedisServer } from '../harness/redis-server.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../harness/types.js'
import { sizesOf } from './sizes.js'

const STALENESS_MS = 300

async function run(context: Context): Promise<Row[]> {
  const { tokens } = sizesOf('propagation', context.scale)
  await using server = await RedisServer.start()
  const options = { maxStalenessMs: STALENESS_MS, snapshot: false }
  const withRedis = await latencies(
    { ...options, store: join(context.directory, 'propagation-redis.db'), redis: server.url },
    tokens,
  )
  const without = await latencies({ ...options, store: join(context.directory, 'propagation.db') }, tokens)
  assertAnswer(
    [withRedis, without].every(({ seen }) => seen.length === tokens),
    'everybody has seen everything',
  )
  const [hinted, polled] = [timing(withRedis.seen), timing(without.seen)]
  const commit = timing(withRedis.committed)
  const from = `${tokens.toLocaleString('en')} times, from the commit`
  return [
    { what: 'with Redis, p50', value: hinted.p50, unit: 'ms', target: atMost(3), from },
    { what: 'with Redis, p99', value: hinted.p99, unit: 'ms', target: atMost(20) },
    {
      what: 'the commit before that, p50',
      value: commit.p50,
      unit: 'ms',
      from: 'after a pause: disk and processors rest',
    },
    { what: `without Redis (maxStalenessMs ${STALENESS_MS}), p50`, value: polled.p50, unit: 'ms', from },
    {
      what: 'without Redis, the longest',
      value: Math.max(...without.seen),
      unit: 'ms',
      target: atMost(STALENESS_MS),
    },
  ]
}

export const propagation: Case = {
  name: 'propagation',
  title: 'From one process to three others on the same store',
  run,
}
