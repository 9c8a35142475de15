import { join } from 'node:path'
import { createRevocade, type Revocade, type TokenClaims } from '#dist/index.js'
import { CountingStore } from '../../engines/counting-store.js'
import type { RedisServer } from '../../harness/redis-server.js'
import type { Context } from '../../harness/types.js'
import { freshClaims } from '../../inputs/claims.js'
import { Random } from '../../inputs/random.js'
import { inputs } from '../../inputs/store-file.js'
import { filled } from '../redis.js'
import { sizesOf } from '../sizes.js'

/**
 * One check in ten is a false positive, so that the attacker finds enough of them quickly. What each costs
 * does not depend on how many there are.
 */
const RATE = 0.1

/** An engine, its store that counts, and perhaps a Redis: what the attacker's tokens are sent to. */
export interface Attacked extends AsyncDisposable {
  readonly engine: Revocade
  readonly store: CountingStore
  readonly server: RedisServer | undefined
  /** `with Redis`, `without Redis` */
  readonly way: string
  readonly entries: number
  readonly cacheEntries: number
  readonly random: Random
}

export async function attacked(context: Context, server: RedisServer | undefined): Promise<Attacked> {
  const { entries, cacheEntries } = sizesOf('adversary', context.scale)
  const way = server === undefined ? 'without Redis' : 'with Redis'
  const store = new CountingStore(join(context.directory, `attacked-${way.replace(' ', '-')}.db`))
  // Filled to its capacity, so that the rate is the nominal one.
  const engine = await createRevocade({
    store,
    redis: server?.url,
    snapshot: false,
    cacheEntries,
    prefilter: { kind: 'bloom', expectedRevocations: entries, falsePositiveRate: RATE },
  })
  await engine.revokeMany(inputs(context, entries))
  if (server !== undefined) await filled(engine)
  const random = new Random(context.seed, 'attacked', way)
  return {
    engine,
    store,
    server,
    way,
    entries,
    cacheEntries,
    random,
    [Symbol.asyncDispose]: () => engine.close(),
  }
}

/** JSON of the claims of tokens that nobody revoked, which the filter rules out, or does not. */
export function tokens({ engine, random }: Attacked, count: number, ruledOut: boolean): string[] {
  const found: string[] = []
  while (found.length < count) {
    const claims = freshClaims(random)
    if (engine.isClearlyActive(claims) === ruledOut) found.push(JSON.stringify(claims))
  }
  return found
}

/** As a verifier makes them: each time anew. */
export const parse = (json: string): TokenClaims => JSON.parse(json) as TokenClaims
