import { expect, it } from 'vitest'
import { ModelStore } from '../support/model-store.js'
import { engineHarness } from '../support/engine-harness.js'
import { ManualClock } from '../support/time.js'

it('a failed rebuild is repeated before the prefilter is trusted again', async () => {
  const clock = new ManualClock()
  const store = new ModelStore()
  const { sync, writer, lookup, live } = await engineHarness(store, {
    clock,
    maxStalenessMs: 100,
    graceSeconds: 60,
  })
  const token = { jti: 'short' }
  await writer.revoke({ ...token, exp: clock.wall / 1000 + 100 })
  clock.advance(3_600_000)
  await sync.poll()
  await live.rebuild(store) // without the entry, which has expired
  // The clock is set back: the entry lives again. And the store can't be read, once.
  clock.wall -= 3_600_000
  store.broken = new Error('gone')
  await expect(sync.poll()).rejects.toThrow('gone')
  store.broken = undefined
  await sync.poll()
  expect(lookup.isClearlyActive(token)).toBe(false)
  await expect(lookup.isRevoked(token)).resolves.toBe(true)
})
