import { createRevocade, type Revocade } from '#dist/index.js'
import { delayed } from '../engines/delayed-redis.js'
import { assertKnows, CheckPeer } from '../engines/peers/checking.js'
import { connectRedisPeers, fillRedis, TOGETHER } from '../engines/peers/on-redis.js'
import type { Peer } from '../engines/peers/peer.js'
import { RevocadePeer } from '../engines/peers/revocade.js'
import { MIXES as SHARES } from '../engines/peers/rows.js'
import { interleave, measurement, of, type Timed } from '../harness/measure.js'
import { RedisServer } from '../harness/redis-server.js'
import { mean } from '../harness/statistics.js'
import { duration } from '../harness/table.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../harness/types.js'
import { storeFile } from '../inputs/store-file.js'
import { hmacKey, type Pools, pools } from '../inputs/tokens.js'
import { filled } from './redis.js'
import { sizesOf } from './sizes.js'

const MIXES = ['none revoked', '1 % revoked', '50 % revoked'] as const

const WITH_REDIS = 'Revocade with Redis'
const IN_FLIGHT = `${WITH_REDIS}, ${TOGETHER} in flight`
/** `reads: 'when-store-fails'`. */
const ASKED_LAST = `${WITH_REDIS}, asked last`

/** Each with how many of its checks are under way together. */
type Asked = readonly (readonly [Peer, inFlight: number])[]

/** What all distances have in common: the server, an engine without it, and the tokens. */
interface Measured {
  readonly server: RedisServer
  readonly alone: Revocade
  readonly made: Pools
}

async function run(context: Context): Promise<Row[]> {
  const { roundTripsMs, entries: held, ...size } = sizesOf('network', context.scale)
  const store = await storeFile(context, held)
  const made = pools(context, size)
  await using server = await RedisServer.start()
  await fillRedis(server.url, hmacKey(context), made)
  await using alone = await createRevocade({ store })
  {
    // Redis keeps what this one writes: the engines behind a proxy find it there.
    await using near = await createRevocade({ store, redis: server.url })
    await filled(near)
  }
  const measured: Measured = { server, alone, made }
  const rows: Row[] = []
  for (const roundTripMs of roundTripsMs) rows.push(...(await atDistance(context, measured, roundTripMs)))
  return [...rows, ...(await commandsSent(context, measured))]
}

async function atDistance(
  context: Context,
  { server, alone, made }: Measured,
  roundTripMs: number,
): Promise<Row[]> {
  const { entries: held, revoked, known } = sizesOf('network', context.scale)
  await using proxy = await delayed(server.url, roundTripMs)
  await using engine = await createRevocade({ store: await storeFile(context, held), redis: proxy.url })
  await using last = await createRevocade({
    store: await storeFile(context, held),
    redis: { url: proxy.url, reads: 'when-store-fails' },
  })
  await using redis = await connectRedisPeers(proxy.url, hmacKey(context))
  await filled(engine)
  await filled(last)
  const first = new RevocadePeer(engine, 'claims', WITH_REDIS)
  const ours = [
    first,
    new RevocadePeer(last, 'claims', ASKED_LAST),
    new RevocadePeer(alone, 'claims', 'Revocade without Redis'),
  ]
  for (const peer of [...ours, ...redis.alone, ...redis.together]) await assertKnows(peer, made, known)
  const asked: Asked = [
    ...[...ours, ...redis.alone].map((peer) => [peer, 1] as const),
    ...[first, ...redis.together].map((peer) => [peer, TOGETHER] as const),
  ]
  const rows: Row[] = []
  for (const mix of MIXES) {
    const timings = await inTurns(context, asked, made, mix)
    context.record(
      [...timings].map(([name, timed]) =>
        measurement(timed, {
          engine: name,
          n: name.startsWith('Revocade') ? held : revoked,
          operation: `Redis ${roundTripMs} ms away`,
          mix,
        }),
      ),
    )
    const names = [...timings.keys()].filter((name) => name !== WITH_REDIS && name !== IN_FLIGHT)
    rows.push(...names.map((name) => meansRow(timings, name, `${roundTripMs} ms, ${mix}`)))
  }
  return rows
}

/** Those that ask one at a time, and those that ask many together, whose batches are larger for that. */
async function inTurns(
  context: Context,
  asked: Asked,
  made: Pools,
  mix: (typeof MIXES)[number],
): Promise<Map<string, Timed>> {
  const { rounds, batch, groups } = sizesOf('network', context.scale)
  const all = new Map<string, Timed>()
  for (const together of [false, true]) {
    const workloads = asked
      .filter(([, inFlight]) => inFlight > 1 === together)
      .map(([peer, inFlight], i) => {
        // No token that another workload has just asked for.
        const offset = (i + (together ? 5 : 0) + 10 * MIXES.indexOf(mix)) * 331
        return new CheckPeer(peer, { pools: made, ...SHARES[mix], inFlight, offset })
      })
    for (const [name, timed] of await interleave(workloads, {
      rounds,
      batch: together ? TOGETHER * groups : batch,
    }))
      all.set(name, timed)
  }
  return all
}

/** By the means: where one check in a hundred takes a round trip, the median does not know. */
function meansRow(timings: ReadonlyMap<string, Timed>, name: string, situation: string): Row {
  const ours = name.endsWith(`${TOGETHER} in flight`) ? IN_FLIGHT : WITH_REDIS
  const [theirs, check] = [mean(of(timings, name).samples), mean(of(timings, ours).samples)]
  return {
    what: `${name} ÷ ${WITH_REDIS}: ${situation}`,
    value: theirs / check,
    unit: 'x',
    from: `${duration(theirs)} ÷ ${duration(check)}, means`,
  }
}

/** What leaves the process, counted where it arrives. */
async function commandsSent(context: Context, { server, alone, made }: Measured): Promise<Row[]> {
  const { entries: held, counted } = sizesOf('network', context.scale)
  await using engine = await createRevocade({ store: await storeFile(context, held), redis: server.url })
  await using last = await createRevocade({
    store: await storeFile(context, held),
    redis: { url: server.url, reads: 'when-store-fails' },
  })
  await using redis = await connectRedisPeers(server.url, hmacKey(context))
  await filled(engine)
  await filled(last)
  const peers = [
    new RevocadePeer(engine, 'claims', WITH_REDIS),
    new RevocadePeer(last, 'claims', ASKED_LAST),
    new RevocadePeer(alone, 'claims', 'Revocade without Redis'),
    ...redis.together,
  ]
  const rows: Row[] = []
  for (const mix of MIXES) {
    for (const peer of peers) {
      const workload = new CheckPeer(peer, { pools: made, ...SHARES[mix], inFlight: TOGETHER, offset: 0 })
      workload.prepare(counted)
      const before = await server.commands()
      assertAnswer((await workload.run()) === counted, `${peer.name} is wrong about a token`)
      const sent = (await server.commands()) - before
      rows.push({
        what: `Redis commands a thousand checks: ${peer.name}, ${mix}`,
        value: (sent / counted) * 1000,
        unit: '',
        ...(peer.name === WITH_REDIS && mix === 'none revoked' ? { target: atMost(1) } : {}),
        from: `${sent} for ${counted.toLocaleString('en')}`,
      })
    }
  }
  return rows
}

export const network: Case = {
  name: 'network',
  title: 'Checks with Redis 0.3, 1 and 5 ms away, and what they send there',
  run,
}
