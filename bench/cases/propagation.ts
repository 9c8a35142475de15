import { fork } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createRevocade, type RevocadeOptions } from '#dist/index.js'
import type { Committed, Mutation } from '#dist/ports/index.js'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { timing } from '../harness/measure.js'
import { RedisServer } from '../harness/redis-server.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../harness/types.js'
import { EXPIRES_AT } from '../inputs/claims.js'
import { sizesOf } from './sizes.js'

const WATCHERS = 3
const STALENESS_MS = 300

const now = (): number => Number(process.hrtime.bigint()) / 1e6

/** A store that remembers when it last acknowledged a commit: from then on the change is there to be seen. */
class TimedStore extends SqliteStore {
  acknowledgedAt = 0

  override async write(mutations: readonly Mutation[]): Promise<Committed> {
    const committed = await super.write(mutations)
    this.acknowledgedAt = now()
    return committed
  }
}

interface Latencies {
  /** Milliseconds from the commit until another process no longer said "active", one for each token. */
  readonly seen: readonly number[]
  /** From the call of `revoke()` until the commit. */
  readonly committed: readonly number[]
}

async function latencies(
  options: RevocadeOptions & { readonly store: string },
  tokens: number,
): Promise<Latencies> {
  const store = new TimedStore(options.store)
  await using writer = await createRevocade({ ...options, store })
  const script = fileURLToPath(new URL('../engines/watcher.js', import.meta.url))
  const children = Array.from({ length: WATCHERS }, (_, me) =>
    fork(script, [JSON.stringify({ options, tokens, me, of: WATCHERS })]),
  )
  const next = (child: (typeof children)[number]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      child.once('message', resolve)
      child.once('exit', () => reject(new Error('a watcher ended early')))
    })
  await Promise.all(children.map(next))
  const told = Promise.all(children.map(next))
  const committedAt: number[] = []
  const committed: number[] = []
  for (let i = 0; i < tokens; i++) {
    // At no fixed moment of their polls.
    await setTimeout(5 + Math.random() * 20)
    const calledAt = now()
    await writer.revoke({ jti: `t${i}`, exp: EXPIRES_AT })
    committedAt.push(store.acknowledgedAt)
    committed.push(store.acknowledgedAt - calledAt)
  }
  const seen = (await told) as number[][]
  // Some see it before the writer hears of its own commit.
  return {
    seen: committedAt.map((at, i) => Math.max(0, (seen[i % WATCHERS]?.[i] ?? Number.NaN) - at)),
    committed,
  }
}

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
