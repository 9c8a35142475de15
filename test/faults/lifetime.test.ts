import { join } from 'node:path'
import type { RevocadeError } from 'revocade'
import { describe, expect, it } from 'vitest'
import { open, verdict } from '../support/engine.js'
import { Child } from '../support/process.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW } from '../support/time.js'

describe('a process with an engine', () => {
  it.each([
    ['idle', []],
    ['with writes under way, which it finishes first', Array.from({ length: 50 }, (_, i) => `t${i}`)],
  ])('ends by itself without closing the engine: %s', async (_what, revoke) => {
    for (const options of [{ maxStalenessMs: 30 }, { maxStalenessMs: 0 }, { exclusive: true }]) {
      const store = join(temporaryDirectory(), 'store.db')
      const child = new Child(new URL('children/unclosed.mjs', import.meta.url), [
        JSON.stringify({ options: { store, ...options }, exp: TOMORROW, revoke }),
      ])
      await child.ended
      expect({ code: child.process.exitCode, complaints: child.complaints }).toEqual({
        code: 0,
        complaints: '',
      })
      const later = await open({ store })
      for (const jti of revoke) expect(await verdict(later, { jti, exp: TOMORROW })).toBe('revoked')
      expect(await verdict(later, { jti: 'other', exp: TOMORROW })).toBe('active')
    }
  })
})

describe('closing under load', () => {
  it('leaves every revocation durable or rejected', async () => {
    let durable = 0
    for (let round = 0; round < 12; round++) {
      const store = join(temporaryDirectory(), 'store.db')
      const engine = await open({ store })
      const tokens = Array.from({ length: 300 }, (_, i) => ({ jti: `t${i}`, exp: TOMORROW }))
      const outcomes: Promise<boolean>[] = []
      const note = (change: Promise<unknown>): unknown =>
        outcomes.push(
          change.then(
            () => true,
            (error: unknown) => {
              expect(['ERR_CLOSED', 'ERR_NOT_DURABLE', 'ERR_UNAVAILABLE']).toContain(
                (error as RevocadeError).code,
              )
              return false
            },
          ),
        )
      // Some of them are packed, some on their way to the disk, some not begun when it closes.
      for (const token of tokens.slice(0, 200)) note(engine.revoke(token))
      for (let turn = 0; turn < round; turn++) await new Promise(setImmediate)
      const closed = engine.close()
      for (const token of tokens.slice(200)) note(engine.revoke(token))
      await closed
      const resolved = await Promise.all(outcomes)
      expect(resolved.slice(200)).not.toContain(true)
      durable += resolved.filter(Boolean).length
      const later = await open({ store })
      for (const [i, token] of tokens.entries())
        if (resolved[i]) expect(await verdict(later, token)).toBe('revoked')
      await later.close()
    }
    expect(durable).toBeGreaterThan(0)
  })

  it('ends a bulk revocation with an error, or with all of it', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const engine = await open({ store })
    let taken = 0
    const entries = (function* () {
      for (; taken < 200_000; taken++) yield { jti: `t${taken}`, expiresAt: TOMORROW }
    })()
    let durable = 0
    const bulk = engine.revokeMany(entries, { onProgress: (count) => (durable = count) })
    const outcome = bulk.then(
      () => 'done',
      (error: unknown) => (error as RevocadeError).code,
    )
    while (durable === 0) await new Promise(setImmediate)
    await engine.close()
    expect(await outcome).toBe('ERR_CLOSED')
    expect(taken).toBeLessThan(200_000)
    const later = await open({ store })
    for (let i = 0; i < durable; i += 97)
      expect(await verdict(later, { jti: `t${i}`, exp: TOMORROW })).toBe('revoked')
  })
})
