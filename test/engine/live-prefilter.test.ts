import type { RevocationStore, ScanChunk, ScanEnd } from 'revocade/ports'
import { someDigests } from 'revocade/testing'
import { expect, it } from 'vitest'
import { LivePrefilter } from '#dist/engine/live-prefilter.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import { TokenDigester } from '#dist/token/identify.js'

it('LivePrefilter yields during a rebuild and keeps what is added meanwhile', async () => {
  const silent = (): void => undefined
  const logger = { debug: silent, info: silent, warn: silent, error: silent }
  const digester = new TokenDigester({
    key: new Uint8Array(16),
    namespace: 'default',
    idClaims: ['jti'],
    maxTokenBytes: 16_384,
  })
  const options = {
    prefilter: { kind: 'bloom' as const },
    selectors: [],
    clockToleranceSeconds: 0,
    graceSeconds: 60,
    clock: Date,
    logger,
  }
  const live = new LivePrefilter(options, digester, await createPrefilter({ kind: 'bloom' }))
  const [inStore, meanwhile] = [someDigests(1, 300_000), someDigests(2, 1000)]
  const expiresAt = Date.now() / 1000 + 3600
  async function* scan(): AsyncGenerator<ScanChunk, ScanEnd, void> {
    await Promise.resolve()
    const digests = Int32Array.from(inStore.flatMap((digest) => [...digest]))
    yield { total: inStore.length, digests, expiresAt: new Float64Array(inStore.length).fill(expiresAt) }
    return { position: { seq: inStore.length, epoch: 'a' }, selectors: [] }
  }
  const state = { rebuilding: true }
  const added: typeof meanwhile = []
  const rebuilt = live
    .rebuild({ scan } as unknown as RevocationStore)
    .finally(() => (state.rebuilding = false))
  while (state.rebuilding && meanwhile.length > 0) {
    await new Promise(setImmediate)
    const digest = meanwhile.shift()
    if (digest === undefined) break
    live.add(digest, expiresAt)
    added.push(digest)
  }
  await rebuilt
  expect(added.length).toBeGreaterThan(3)
  expect([...inStore, ...added].filter((digest) => !live.prefilter.has(digest))).toHaveLength(0)
})
