import { join } from 'node:path'
import { createRevocade } from 'revocade'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '#dist/engine/system-clock.js'
import { ourError } from '../support/errors.js'
import { temporaryDirectory } from '../support/temp.js'
import { nowSeconds } from '../support/time.js'

describe('revoke of a token with exp 0', () => {
  const token = { jti: 'offline', exp: 0 }

  it('is refused without expiresAt, and done with it', async () => {
    const engine = await createRevocade({ store: join(temporaryDirectory(), 'store.db') })
    onTestFinished(() => engine.close())
    await expect(engine.revoke(token)).rejects.toThrow(ourError('ERR_NO_EXPIRY', "'exp' of the token is 0"))
    const receipt = await engine.revoke(token, { expiresAt: nowSeconds() + 999 })
    expect(receipt.outcome).toBe('revoked')
    expect(await engine.isRevoked(token)).toBe(true)
  })
})

it('systemClock reads a Date.now that is mocked after the import', () => {
  vi.spyOn(Date, 'now').mockReturnValue(1234)
  onTestFinished(() => void vi.restoreAllMocks())
  expect(systemClock.now()).toBe(1234)
})
