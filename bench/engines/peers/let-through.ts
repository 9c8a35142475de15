import { join } from 'node:path'
import { Redis } from 'ioredis'
import { createRevocade, type TokenClaims } from '#dist/index.js'
import { filled } from '../../cases/redis.js'
import { measurement, timing } from '../../harness/measure.js'
import type { Context, Measurement } from '../../harness/types.js'
import { freshClaims } from '../../inputs/claims.js'
import { es256Keys, respell, type Respelt, sign, type Spelling } from '../../inputs/malleable-tokens.js'
import { Random } from '../../inputs/random.js'
import { claimsOf, type Verified } from '../../inputs/tokens.js'
import { ExpressJwtBlacklist } from './express-jwt-blacklist.js'
import { IoredisExists } from './ioredis-exists.js'
import { JwtRedis } from './jwt-redis.js'
import { numberOf, type Peer } from './peer.js'
import { RevocadePeer } from './revocade.js'
import { SetWithTtl } from './set-with-ttl.js'
import { SqlitePeer } from './sqlite.js'

/** What a revoked token may meet with. */
export const SITUATIONS = {
  respelt: 'revoked tokens, respelt',
  together: 'tokens of one user, revoked at the same time',
  errors: 'revoked tokens, while Redis answers reads with errors',
} as const

export type Situation = keyof typeof SITUATIONS

/** What one peer made of revoked tokens. */
export interface LetThrough {
  readonly peer: string
  readonly situation: Situation
  readonly asked: string
  /** False negatives: "not revoked". An error is none, whatever the application makes of it. */
  readonly through: number
  readonly measured: Measurement
}

/**
 * Revokes a few tokens with each peer, on a Redis of the benchmark's own, and checks them: respelt, revoked
 * together, and while Redis answers reads with errors.
 */
export async function lettingThrough(
  context: Pick<Context, 'seed' | 'directory'>,
  url: string,
  count: number,
): Promise<LetThrough[]> {
  const random = new Random(context.seed, 'let through')
  const keys = es256Keys()
  const respelt: Respelt[] = []
  for (let i = 0; i < count; i++) respelt.push(await respell(freshClaims(random), keys))
  const spellings = respelt.flatMap((one) => one.spellings)
  const user = freshClaims(random)
  const sessions = Array.from({ length: count }, (_, i) =>
    verified(sign({ ...freshClaims(random), sub: user.sub, iat: numberOf(user, 'iat') - i }, keys)),
  )

  const store = join(context.directory, 'let-through.db')
  const admin = new Redis(url)
  // No cache: each check goes down to Redis, and finds it as it is.
  await using engine = await createRevocade({ store, redis: url, cacheEntries: 0 })
  const results: LetThrough[] = []
  const opened: (() => Peer | Promise<Peer>)[] = [
    () => new RevocadePeer(engine, 'claims'),
    () => new RevocadePeer(engine, 'raw JWT'),
    () => new SetWithTtl(),
    () => new SqlitePeer(join(context.directory, 'let-through-bare.db')),
    () => IoredisExists.connect(url, { key: 'token', pipelining: false }),
    () => IoredisExists.connect(url, { key: 'jti', pipelining: false }),
    () => JwtRedis.connect(url, keys.verify, 'ES256'),
    () => ExpressJwtBlacklist.connect(url),
    () => ExpressJwtBlacklist.connect(url, 'sub'),
  ]
  for (const open of opened) {
    await using peer = await open()
    await admin.call('ACL', 'SETUSER', 'default', '+@read')
    if (peer instanceof JwtRedis) for (const { claims } of [...sessions, ...respelt]) await peer.issue(claims)
    await Promise.all(sessions.map(async ({ token, claims }) => peer.revoke(token, claims)))
    for (const { token, claims } of respelt) await peer.revoke(token, claims)
    await filled(engine)
    results.push(
      await ask(peer, {
        situation: 'respelt',
        n: 2 * count,
        tokens: spellings.map(({ token }) => verified(token)),
        about: acceptance(spellings),
      }),
    )
    results.push(await ask(peer, { situation: 'together', n: 2 * count, tokens: sessions }))
    await admin.call('ACL', 'SETUSER', 'default', '-@read')
    results.push(await ask(peer, { situation: 'errors', n: 2 * count, tokens: respelt }))
  }
  await admin.call('ACL', 'SETUSER', 'default', '+@read')
  await admin.quit()
  return results
}

const verified = (token: string): Verified => ({ token, claims: claimsOf(token) })

/** `; jose accepts 96, jsonwebtoken 48` */
function acceptance(spellings: readonly Spelling[]): string {
  const counts = new Map<string, number>()
  for (const name of spellings.flatMap(({ acceptedBy }) => acceptedBy))
    counts.set(name, (counts.get(name) ?? 0) + 1)
  const parts = [...counts].map(([name, accepted], i) => `${name}${i === 0 ? ' accepts' : ''} ${accepted}`)
  return `; ${parts.join(', ')}`
}

/** Tokens that are asked for, all of them revoked, with `n` revocations in all. */
interface Asked {
  readonly situation: Situation
  readonly n: number
  readonly tokens: readonly Verified[]
  readonly about?: string
}

async function ask(peer: Peer, { situation, n, tokens, about = '' }: Asked): Promise<LetThrough> {
  const samples: number[] = []
  let through = 0
  for (const { token, claims } of tokens) {
    const start = process.hrtime.bigint()
    const revoked = await answerOf(peer, token, claims)
    samples.push(Number(process.hrtime.bigint() - start))
    if (revoked === false) through++
  }
  const timed = { ...timing(samples), samples, batch: 1 }
  const measured = measurement(timed, {
    engine: peer.name,
    n,
    operation: 'check',
    mix: SITUATIONS[situation],
  })
  return {
    peer: peer.name,
    situation,
    asked: `of ${tokens.length}${about}`,
    through,
    measured: { ...measured, falseNegatives: through },
  }
}

async function answerOf(peer: Peer, token: string, claims: TokenClaims): Promise<boolean | 'error'> {
  try {
    return await peer.isRevoked(token, claims)
  } catch {
    return 'error'
  }
}
