// How much memory for how many revocations?
//
// Engines of each kind are opened over stores of growing size, and say what their filters take: with the room that they leave for as many again.
//
//   node memory.js --revocations 1000,10000,100000
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRevocade, type RevocadeOptions } from 'revocade'

const { values } = parseArgs({ options: { revocations: { type: 'string', default: '1000,10000,100000' } } })

const filters: Record<string, NonNullable<RevocadeOptions['prefilter']>> = {
  'bloom, 0.01': { kind: 'bloom', falsePositiveRate: 0.01 },
  'bloom, 0.0001': { kind: 'bloom', falsePositiveRate: 1e-4 },
  'bloom, 0.000001': { kind: 'bloom', falsePositiveRate: 1e-6 },
  'trie, 32 bits': { kind: 'trie', prefixBits: 32 },
  exact: { kind: 'exact' },
}

const directory = await mkdtemp(join(tmpdir(), 'revocade-'))
try {
  const rows: Record<string, string | number>[] = []
  for (const size of values.revocations.split(',').map(Number)) {
    const store = await filled(size)
    for (const [name, prefilter] of Object.entries(filters)) {
      const engine = await createRevocade({
        store,
        snapshot: false,
        prefilter: { ...prefilter, expectedRevocations: size },
      })
      const { entries, bytes, expectedFalsePositiveRate } = engine.stats().prefilter
      await engine.close()
      rows.push({
        revocations: size,
        filter: name,
        entries,
        KiB: Math.round(bytes / 1024),
        'bytes a revocation': Number((bytes / size).toFixed(2)),
        'false positives': expectedFalsePositiveRate,
      })
    }
  }
  console.table(rows)
} finally {
  await rm(directory, { recursive: true })
}

async function filled(size: number): Promise<string> {
  const store = join(directory, `${size}.db`)
  const engine = await createRevocade({ store, snapshot: false })
  const expiresAt = Math.floor(Date.now() / 1000) + 86_400
  for (let done = 0; done < size; done += 10_000) {
    await engine.revokeMany(
      Array.from({ length: Math.min(10_000, size - done) }, (_, i) => ({
        jti: `revoked-${done + i}`,
        expiresAt,
      })),
    )
  }
  await engine.close()
  return store
}
