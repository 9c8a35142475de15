import assert from 'node:assert/strict'
import { digestOf, NOW, openStore, revoke, selector, unrevoke, wordsOf } from './fixtures.js'
import type { SuiteIt } from './harness.js'

/** Tests `getDeciding`, of a store that has it. */
export function testDeciding(it: SuiteIt): void {
  it('answers what decides of a record at once, if it can, as it stands in the record', async ({
    connect,
  }) => {
    const { store } = await openStore(connect())
    if (store.getDeciding === undefined) return
    const cutoff = { issuedBefore: NOW - 1, issuedThrough: NOW / 1000 - 1 }
    await store.write([
      revoke(1, { reason: 'stolen', actor: 'admin' }),
      revoke(2, { notBefore: NOW + 30_000 }),
      revoke(3, { ...selector({ sub: 'a', tenant: 7 }), ...cutoff }),
      revoke(4),
      unrevoke(4),
    ])
    for (let n = 1; n <= 5; n++) {
      const row = await store.get(wordsOf(digestOf(n)))
      const found = store.getDeciding(wordsOf(digestOf(n)))
      for (const key of ['seq', 'revoked', 'expiresAt', 'notBefore', 'issuedThrough'] as const)
        assert.equal(found?.[key], row?.[key], key)
    }
  })
}
