// Does my Redis help?
//
// Two engines with a filter so coarse that it lets nearly all through, so that checks take the closer look that a false positive would: one asks
// the store alone, the other Redis first. Then, how long until each of them knows what a third has revoked.
//
//   node is-redis-worth-it.js --redis redis://localhost:6379 --revocations 10000
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createRevocade, type Revocade, type RevocadeOptions } from 'revocade'

const { values } = parseArgs({
  options: {
    redis: { type: 'string', default: 'redis://localhost:6379' },
    revocations: { type: 'string', default: '10000' },
    checks: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '50' },
  },
})
const [revocations, checks, rounds] = [
  Number(values.revocations),
  Number(values.checks),
  Number(values.rounds),
]

const directory = await mkdtemp(join(tmpdir(), 'revocade-'))
const store = join(directory, 'store.db')
/** Keys of its own, which expire: those of your services stay as they are. */
const redis = { url: values.redis, keyPrefix: 'revocade-question', timeoutMs: 1000 }
const expiresAt = Math.floor(Date.now() / 1000) + 600
const coarse = { kind: 'trie', prefixBits: 8 } as const
const engines: Revocade[] = []
try {
  const writer = await open({ redis })
  for (let done = 0; done < revocations; done += 10_000) {
    await writer.revokeMany(
      Array.from({ length: Math.min(10_000, revocations - done) }, (_, i) => ({
        jti: `revoked-${done + i}`,
        expiresAt,
      })),
    )
  }
  const alone = await open({ prefilter: coarse })
  const withRedis = await open({ prefilter: coarse, redis })
  for (const engine of [writer, withRedis]) await complete(engine)
  const [look, lookWithRedis] = [await closerLooks(alone), await closerLooks(withRedis)]
  const [known, knownWithRedis] = [
    await untilKnown(writer, await open({})),
    await untilKnown(writer, await open({ redis })),
  ]
  console.table({
    'the store alone': {
      'closer look, p50 µs': look.p50,
      'p99 µs': look.p99,
      'answered by': look.by,
      'until another process knows, p50 ms': known,
    },
    'with Redis': {
      'closer look, p50 µs': lookWithRedis.p50,
      'p99 µs': lookWithRedis.p99,
      'answered by': lookWithRedis.by,
      'until another process knows, p50 ms': knownWithRedis,
    },
  })
} finally {
  for (const engine of engines) await engine.close()
  await rm(directory, { recursive: true })
}

async function open(options: RevocadeOptions): Promise<Revocade> {
  const engine = await createRevocade({ store, snapshot: false, ...options })
  engines.push(engine)
  return engine
}

/** Until Redis holds what the store does. */
async function complete(engine: Revocade): Promise<void> {
  const deadline = performance.now() + 60_000
  while (engine.stats().redis?.complete !== true) {
    if (performance.now() > deadline)
      throw new Error(`Redis is not ready: ${engine.stats().redis?.why ?? 'it is still being filled'}`)
    await sleep(20)
  }
}

async function closerLooks(engine: Revocade): Promise<{ p50: number; p99: number; by: string }> {
  const times: number[] = []
  const by = new Map<string, number>()
  for (let i = 0; times.length < checks; i++) {
    // Polls and messages must get their turn.
    await sleep(0)
    const claims = { jti: `active-${i}`, exp: expiresAt }
    if (engine.isClearlyActive(claims)) continue
    const start = performance.now()
    const { status, decidedBy } = await engine.check(claims)
    times.push((performance.now() - start) * 1000)
    if (status !== 'active') throw new Error('a token that nobody revoked is said to be revoked')
    by.set(decidedBy, (by.get(decidedBy) ?? 0) + 1)
  }
  if (!(await engine.isRevoked({ jti: 'revoked-0', exp: expiresAt })))
    throw new Error('a revoked token is said to be active')
  return {
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    by: [...by].map(([layer, count]) => `${layer} ${count}`).join(', '),
  }
}

async function untilKnown(writer: Revocade, reader: Revocade): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < rounds; i++) {
    const claims = { jti: `late-${engines.length}-${i}`, exp: expiresAt }
    await writer.revoke(claims)
    const start = performance.now()
    while (reader.isClearlyActive(claims)) await sleep(1)
    times.push(performance.now() - start)
  }
  return quantile(times, 0.5)
}

function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1))
}
