import { latencies } from '../../engines/propagate.js'
import { timing } from '../../harness/measure.js'
import { PostgresServer } from '../../harness/postgres-server.js'
import { RedisServer } from '../../harness/redis-server.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../../harness/types.js'
import { sizesOf } from '../sizes.js'

const STALENESS_MS = 300

async function run(context: Context): Promise<Row[]> {
  const { tokens } = sizesOf('postgres-propagation', context.scale)
  await using postgres = await PostgresServer.start(context.directory)
  await using redis = await RedisServer.start()
  const options = { maxStalenessMs: STALENESS_MS }
  const woken = await latencies({ ...options, store: postgres.store('woken'), redis: redis.url }, tokens)
  const polling = await latencies({ ...options, store: postgres.store('polling') }, tokens)
  assertAnswer(
    [woken, polling].every(({ seen }) => seen.length === tokens),
    'everybody has seen everything',
  )
  const [withRedis, without] = [timing(woken.seen), timing(polling.seen)]
  const from = `${tokens.toLocaleString('en')} times, from the commit; ${postgres.version}`
  return [
    { what: 'with wake-ups by a Redis, p50', value: withRedis.p50, unit: 'ms', from },
    { what: 'with wake-ups by a Redis, p99', value: withRedis.p99, unit: 'ms', target: atMost(25) },
    { what: `without (maxStalenessMs ${STALENESS_MS}), p50`, value: without.p50, unit: 'ms', from },
    { what: 'without, p99', value: without.p99, unit: 'ms' },
    { what: 'without, the longest', value: Math.max(...polling.seen), unit: 'ms' },
    {
      what: 'without, the last check that said "active"',
      value: Math.max(...polling.active),
      unit: 'ms',
      target: atMost(STALENESS_MS),
      from: 'when it was made, after the commit: what is promised. The rest is waiting for a processor',
    },
  ]
}

export const postgresPropagation: Case = {
  name: 'postgres-propagation',
  title: 'From one process to three others on one PostgreSQL',
  run,
}
