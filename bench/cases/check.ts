import { join } from 'node:path'
import { createRevocade, type Revocade } from '#dist/index.js'
import { IsClearlyActive, TOLERATED } from '../engines/engine-workloads.js'
import type { Filter } from '../engines/filters/filter.js'
import { BloomFiltersFilter, SetFilter } from '../engines/filters/peers.js'
import { assertKnows, CheckPeer, nameOf } from '../engines/peers/checking.js'
import { lettingThrough } from '../engines/peers/let-through.js'
import { connectRedisPeers, fillRedis, TOGETHER } from '../engines/peers/on-redis.js'
import type { Peer } from '../engines/peers/peer.js'
import { RevocadePeer } from '../engines/peers/revocade.js'
import { falseNegativeRows, MIXES, peerRows, verifierRows } from '../engines/peers/rows.js'
import { SetWithTtl } from '../engines/peers/set-with-ttl.js'
import { SqlitePeer } from '../engines/peers/sqlite.js'
import { verifying } from '../engines/verifiers.js'
import { interleave, measurement, measurements, of, type Timed, type Workload } from '../harness/measure.js'
import { RedisServer } from '../harness/redis-server.js'
import { duration } from '../harness/table.js'
import { assertAnswer, atLeast, type Case, type Context, type Row } from '../harness/types.js'
import { freshId } from '../inputs/claims.js'
import { Random } from '../inputs/random.js'
import { inputs, storeFile } from '../inputs/store-file.js'
import { hmacKey, type Pools, pools } from '../inputs/tokens.js'
import { sizesOf } from './sizes.js'

/** A set of ids asked for new ones, and nothing else. */
class HasId implements Workload {
  readonly name: string
  readonly tolerated = TOLERATED
  readonly #filter: Filter
  readonly #random: Random
  #ids: string[] = []

  constructor(filter: Filter, random: Random) {
    this.name = `${filter.name}.has`
    this.#filter = filter
    this.#random = random
  }

  prepare(count: number): void {
    this.#ids = Array.from({ length: count }, () => freshId(this.#random))
  }

  run(count: number): number {
    return count - this.#filter.count(this.#ids)
  }
}

async function run(context: Context): Promise<Row[]> {
  const { entries: held, rounds, batch, tricky, ...size } = sizesOf('check', context.scale)
  await using engine = await createRevocade({ store: await storeFile(context, held) })
  await using server = await RedisServer.start()
  const made = pools(context, size)
  await fillRedis(server.url, hmacKey(context), made)
  const random = new Random(context.seed, 'check')
  const againstSets = await besideSets(context, engine, random)
  const mixes = await checkAll(context, engine, server, made)
  const verified = await interleave(await verifying(random), { rounds, batch: batch / 4 })
  context.record(
    [...verified].map(([engine, timed]) => measurement(timed, { engine, n: 0, operation: 'verify' })),
  )
  await server.client.flushall()
  const letThrough = await lettingThrough(context, server.url, tricky)
  context.record(letThrough.map(({ measured }) => measured))
  return [
    ...againstSets,
    ...peerRows(mixes),
    ...verifierRows(mixes, verified),
    ...falseNegativeRows(letThrough),
  ]
}

/** Every peer over every mix, in turns within each. */
async function checkAll(
  context: Context,
  engine: Revocade,
  server: RedisServer,
  made: Pools,
): Promise<Map<string, Map<string, Timed>>> {
  const { entries: held, revoked, rounds, batch, known } = sizesOf('check', context.scale)
  await using set = new SetWithTtl()
  await using sqlite = new SqlitePeer(join(context.directory, 'bare.db'))
  sqlite.addAll(entries(context, held))
  for (const [jti, expiresAt] of entries(context, held)) set.add(jti, expiresAt)
  await using redis = await connectRedisPeers(server.url, hmacKey(context))
  const inProcess: readonly Peer[] = [
    new RevocadePeer(engine, 'claims'),
    new RevocadePeer(engine, 'raw JWT'),
    set,
    sqlite,
  ]
  for (const peer of [...inProcess, ...redis.alone, ...redis.together]) await assertKnows(peer, made, known)

  const asked: (readonly [Peer, inFlight: number])[] = [
    ...[...inProcess, ...redis.alone].map((peer) => [peer, 1] as const),
    ...redis.together.map((peer) => [peer, TOGETHER] as const),
  ]
  const heldBy = new Map(
    asked.map(([peer, inFlight]) => [nameOf(peer, inFlight), inProcess.includes(peer) ? held : revoked]),
  )
  const mixes = new Map<string, Map<string, Timed>>()
  for (const [i, [mix, { share, different }]] of Object.entries(MIXES).entries()) {
    const workloads = asked.map(([peer, inFlight], j) => {
      // Each workload asks about its own half, so that none finds another's verdicts in the engine's cache.
      const offset = Math.floor(made.revoked.size * (i / Object.keys(MIXES).length + j / 2))
      return new CheckPeer(peer, { pools: made, share, different, inFlight, offset })
    })
    const cached = engine.stats().decided.cache
    const timings = await interleave(workloads, { rounds, batch })
    assertAnswer(
      different < Infinity || engine.stats().decided.cache === cached,
      `a new token was found in the cache (${mix})`,
    )
    context.record(
      [...timings].map(([name, timed]) =>
        measurement(timed, { engine: name, n: heldBy.get(name) ?? 0, operation: 'check', mix }),
      ),
    )
    mixes.set(mix, timings)
  }
  return mixes
}

function* entries(
  context: Context,
  count: number,
): Generator<readonly [jti: string, expiresAt: number], void, void> {
  for (const { jti, expiresAt } of inputs(context, count)) yield [jti, Number(expiresAt)]
}

/** Our whole check against nothing but a question to a set. */
async function besideSets(context: Context, engine: Revocade, random: Random): Promise<Row[]> {
  const { entries: held, setRounds } = sizesOf('check', context.scale)
  const ids = Array.from(inputs(context, held), ({ jti }) => jti)
  const [set, library] = [new SetFilter(), new BloomFiltersFilter(held, 1e-4)]
  for (const filter of [set, library]) filter.add(ids)
  const workloads = [new IsClearlyActive(random, engine), new HasId(set, random), new HasId(library, random)]
  const timings = await interleave(workloads, {
    rounds: setRounds,
    batch: 512,
  })
  context.record(measurements(timings, held))
  const check = of(timings, 'isClearlyActive').p50
  const row = ({ name }: Filter, least?: number): Row => {
    const has = of(timings, `${name}.has`).p50
    return {
      what: `${name}.has (${held.toLocaleString('en')} ids) ÷ isClearlyActive`,
      value: has / check,
      unit: 'x',
      ...(least === undefined ? {} : { target: atLeast(least) }),
      from: `${duration(has)} ÷ ${duration(check)}`,
    }
  }
  return [row(set, 1), row(library)]
}

export const check: Case = {
  name: 'check',
  title: 'A check against what others use, and against verifying the signature',
  run,
}
