import { describe, expect, it } from 'vitest'
import { engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

const TOKEN = { jti: 'a', sub: 'alice', exp: FAR_FUTURE }

describe('an unrevoke that changes nothing', () => {
  it('is no longer contradicted by a verdict that this engine keeps', async () => {
    const [clock, store] = [new ManualClock(), new ModelStore()]
    const [one, other] = [
      await engineHarness(store, { clock, maxStalenessMs: 60_000 }),
      await engineHarness(store, { clock, maxStalenessMs: 60_000 }),
    ]
    await one.writer.revoke(TOKEN)
    await one.writer.revokeWhere({ sub: 'alice' }, { issuedBefore: FAR_FUTURE, expiresAt: FAR_FUTURE + 60 })
    await one.sync.poll() // confirmed: verdicts are kept from here on
    await expect(one.lookup.check(TOKEN)).resolves.toMatchObject({ status: 'revoked' })
    await expect(one.lookup.check(TOKEN)).resolves.toMatchObject({ status: 'revoked', decidedBy: 'cache' })
    await other.writer.unrevoke(TOKEN)
    await expect(one.writer.unrevoke(TOKEN)).resolves.toMatchObject({ outcome: 'unchanged' })
    await expect(one.lookup.check(TOKEN)).resolves.toMatchObject({
      status: 'revoked',
      decidedBy: 'store',
      revocation: { target: { kind: 'selector' } },
    })
    await other.writer.unrevokeWhere({ sub: 'alice' })
    await expect(one.writer.unrevokeWhere({ sub: 'alice' })).resolves.toMatchObject({ outcome: 'unchanged' })
    await expect(one.lookup.check(TOKEN)).resolves.toMatchObject({ status: 'active' })
  })
})
