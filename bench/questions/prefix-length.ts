// Which prefix length, or false-positive rate, for my Redis?
//
// Each filter is made from a store of as many revocations as you have and asked about tokens that nobody revoked. What it lets through waits
// for a round trip to Redis: that, by the checks of a day, is what a shorter prefix costs, and memory what a longer one does.
//
//   node prefix-length.js --revocations 100000 --checks-per-second 1000 --redis-rtt-us 300
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRevocade, type RevocadeOptions } from 'revocade'

const { values } = parseArgs({
  options: {
    revocations: { type: 'string', default: '100000' },
    'checks-per-second': { type: 'string', default: '1000' },
    'redis-rtt-us': { type: 'string', default: '300' },
    checks: { type: 'string', default: '1000000' },
  },
})
const revocations = Number(values.revocations)
const perDay = Number(values['checks-per-second']) * 86_400
const roundTripUs = Number(values['redis-rtt-us'])
const checks = Number(values.checks)

const filters: NonNullable<RevocadeOptions['prefilter']>[] = [
  ...[1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6].map((falsePositiveRate) => ({
    kind: 'bloom' as const,
    falsePositiveRate,
  })),
  ...[24, 32, 40].map((prefixBits) => ({ kind: 'trie' as const, prefixBits })),
]

const directory = await mkdtemp(join(tmpdir(), 'revocade-'))
const store = join(directory, 'store.db')
try {
  await fill()
  const rows: Record<string, string | number>[] = []
  for (const prefilter of filters) rows.push(await row(prefilter))
  console.table(rows)
} finally {
  await rm(directory, { recursive: true })
}

async function fill(): Promise<void> {
  const engine = await createRevocade({ store, snapshot: false })
  const expiresAt = Math.floor(Date.now() / 1000) + 86_400
  for (let done = 0; done < revocations; done += 10_000) {
    await engine.revokeMany(
      Array.from({ length: Math.min(10_000, revocations - done) }, (_, i) => ({
        jti: `revoked-${done + i}`,
        expiresAt,
      })),
    )
  }
  await engine.close()
}

async function row(
  prefilter: NonNullable<RevocadeOptions['prefilter']>,
): Promise<Record<string, string | number>> {
  const engine = await createRevocade({
    store,
    snapshot: false,
    prefilter: { ...prefilter, expectedRevocations: revocations },
  })
  let through = 0
  const start = performance.now()
  for (let i = 0; i < checks; i++) {
    if (!engine.isClearlyActive({ jti: `active-${i}` })) through++
    // Now and then a poll must get its turn, or the lease runs out.
    if (i % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const checkNs = ((performance.now() - start) * 1e6) / checks
  if (engine.isClearlyActive({ jti: 'revoked-0' })) throw new Error('a revoked token is said to be active')
  const { bytes } = engine.stats().prefilter
  await engine.close()
  return {
    filter:
      prefilter.kind === 'trie'
        ? `trie, ${prefilter.prefixBits} bits`
        : `bloom, ${prefilter.falsePositiveRate}`,
    'bits a revocation': Math.round((bytes * 8) / revocations),
    KiB: Math.round(bytes / 1024),
    'let through': through / checks,
    'ns a check': Math.round(checkNs),
    'with the waits': Math.round(checkNs + (through / checks) * roundTripUs * 1000),
    'questions to Redis a day': Math.round((through / checks) * perDay),
  }
}
