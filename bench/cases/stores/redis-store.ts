import { randomUUID } from 'node:crypto'
import { RedisStore } from '#dist/store/redis/index.js'
import { openStore } from '#dist/testing/store/fixtures.js'
import { Calls, revocation } from '../../engines/stores/calls.js'
import { interleave, measurements, of, type Timed } from '../../harness/measure.js'
import { RedisServer } from '../../harness/redis-server.js'
import { mean } from '../../harness/statistics.js'
import {
  assertAnswer,
  atLeast,
  atMost,
  type Case,
  type Context,
  type Row,
  type Target,
} from '../../harness/types.js'
import { sizesOf } from '../sizes.js'

const IN_FLIGHT = 256
const CALL = 1000

type Fsync = 'everysec' | 'always'

const start = (context: Context, fsync: Fsync): Promise<RedisServer> =>
  RedisServer.start(['--appendonly', 'yes', '--appendfsync', fsync], context.directory)

async function run(context: Context): Promise<Row[]> {
  const { rounds, alone, together } = sizesOf('redis-store', context.scale)
  await using everysec = await start(context, 'everysec')
  await using always = await start(context, 'always')
  const servers = { everysec, always }
  const stores = { everysec: new RedisStore(everysec.url), always: new RedisStore(always.url) }
  for (const store of Object.values(stores)) await openStore(store)
  const calls = (most: number): Calls[] =>
    (['everysec', 'always'] as const).flatMap((fsync) => [
      new Calls(
        `SET EX, ${fsync}`,
        () => servers[fsync].client.set(`b:${randomUUID()}`, '1', 'EX', 3600),
        most,
      ),
      new Calls(`revocation, ${fsync}`, () => stores[fsync].write([revocation()]), most),
    ])
  const many = await interleave(calls(IN_FLIGHT), { rounds, batch: together })
  const one = await interleave(calls(1), { rounds, batch: alone })
  for (const timings of [many, one]) context.record(measurements(timings, 0))
  for (const store of Object.values(stores)) await store.close()
  return [
    besideSet(many, 'everysec', {
      what: `revocations ÷ SET EX, ${IN_FLIGHT} in flight`,
      target: atLeast(0.35),
    }),
    besideSet(many, 'always', {
      what: `revocations ÷ SET EX, ${IN_FLIGHT} in flight`,
      target: atLeast(0.35),
    }),
    besideSet(one, 'everysec', { what: 'revocations ÷ SET EX, one after another' }),
    besideSet(one, 'always', { what: 'revocations ÷ SET EX, one after another' }),
    {
      what: `revocations, ${IN_FLIGHT} in flight: appendfsync always ÷ everysec`,
      value: rate(many, 'revocation, always') / rate(many, 'revocation, everysec'),
      unit: 'x',
      target: atLeast(0.8),
      from:
        ['always', 'everysec'].map((fsync) => rate(many, `revocation, ${fsync}`).toFixed(0)).join(' ÷ ') +
        ' a second',
    },
    await bytesEach(context),
  ]
}

const rate = (timings: ReadonlyMap<string, Timed>, name: string): number =>
  1e9 / mean(of(timings, name).samples)

/** What a server does of ours in a second, beside what users write without this package. */
function besideSet(
  timings: ReadonlyMap<string, Timed>,
  fsync: Fsync,
  row: { readonly what: string; readonly target?: Target },
): Row {
  const [ours, set] = [rate(timings, `revocation, ${fsync}`), rate(timings, `SET EX, ${fsync}`)]
  return {
    ...row,
    what: `${row.what}, appendfsync ${fsync}`,
    value: ours / set,
    unit: 'x',
    from: `${ours.toFixed(0)} ÷ ${set.toFixed(0)} a second`,
  }
}

/** What the server needs for one revocation, the log and the index included. */
async function bytesEach(context: Context): Promise<Row> {
  const { entries } = sizesOf('redis-store', context.scale)
  await using server = await start(context, 'everysec')
  const store = new RedisStore(server.url)
  await openStore(store)
  const before = await server.usedMemory()
  for (let done = 0; done < entries; done += CALL) await store.write(Array.from({ length: CALL }, revocation))
  assertAnswer(store.stats().seq === entries, 'revocations are missing')
  await store.close()
  await server.client.script('FLUSH')
  return {
    what: 'memory of a revocation: a UUID and an issuer, index and log included',
    value: ((await server.usedMemory()) - before) / entries,
    unit: 'bytes',
    target: atMost(310),
    from: `${entries.toLocaleString('en')} revocations`,
  }
}

export const redisStore: Case = { name: 'redis-store', title: 'Redis as the only store', run }
