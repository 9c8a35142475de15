import { expect, it } from 'vitest'
import { engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

it('a commit that can not be announced is acknowledged, and holds at once', async () => {
  const notifier = {
    listen: () => undefined,
    announce: () => {
      throw new Error('no connection')
    },
    stats: () => ({ listening: false, sent: 0, received: 0 }),
    close: () => undefined,
  }
  const shared = { notifier }
  const { writer, lookup, warnings } = await engineHarness(new ModelStore(), {
    clock: new ManualClock(),
    maxStalenessMs: 100,
    shared,
  })
  const token = { jti: 'a', exp: FAR_FUTURE }
  await expect(writer.revoke(token)).resolves.toMatchObject({ outcome: 'revoked', durable: true })
  expect(lookup.isClearlyActive(token)).toBe(false)
  await expect(lookup.isRevoked(token)).resolves.toBe(true)
  expect(warnings).toEqual(['a commit could not be announced to the other engines'])
})
