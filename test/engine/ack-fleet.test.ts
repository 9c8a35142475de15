import { join } from 'node:path'
import { createRevocade, type Receipt } from 'revocade'
import { describe, expect, it } from 'vitest'
import { engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { temporaryDirectory } from '../support/temp.js'
import { FAR_FUTURE, ManualClock } from '../support/time.js'

const STALENESS_MS = 40

/** Long enough for a timer of Δ to have fired. */
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, STALENESS_MS * 3))

async function pending() {
  const clock = new ManualClock()
  const { writer } = await engineHarness(new ModelStore(), { clock, maxStalenessMs: STALENESS_MS })
  let receipt: Receipt | undefined
  const done = writer
    .revoke({ jti: 'a', exp: FAR_FUTURE }, { ack: 'fleet' })
    .then((value) => (receipt = value))
  await aWhile()
  return { clock, done, isDone: () => receipt !== undefined }
}

describe("ack: 'fleet'", () => {
  it('resolves once Δ has passed since the commit, and not before', async () => {
    const { clock, done, isDone } = await pending()
    expect(isDone()).toBe(false)
    clock.advance(STALENESS_MS - 1)
    await aWhile()
    expect(isDone()).toBe(false)
    clock.advance(1)
    await expect(done).resolves.toMatchObject({
      outcome: 'revoked',
      effectiveEverywhereAt: new Date(1_800_000_000_000 + STALENESS_MS),
    })
  })

  it('is timed by the monotonic clock', async () => {
    const { clock, done, isDone } = await pending()
    clock.wall += 3_600_000
    await aWhile()
    expect(isDone()).toBe(false)
    clock.wall -= 7_200_000
    clock.elapsed += BigInt(STALENESS_MS) * 1_000_000n
    await done
  })

  it('lets no other engine answer "active" afterwards', async () => {
    const path = temporaryDirectory()
    const options = { store: join(path, 'store.db'), maxStalenessMs: STALENESS_MS }
    await using writer = await createRevocade(options)
    await using other = await createRevocade(options)
    for (let i = 0; i < 20; i++) {
      const token = { jti: `t${i}`, exp: FAR_FUTURE }
      await other.isRevoked(token)
      await writer.revoke(token, { ack: 'fleet' })
      expect(other.isClearlyActive(token)).toBe(false)
    }
  })
})
