import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { open, verdict } from '../support/engine.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW } from '../support/time.js'
import { Host } from './host.js'

const TOKEN = { jti: 'a', exp: TOMORROW }

describe('a store in exclusive use', () => {
  it.each([
    ['exclusively too', true],
    ['plainly', false],
  ])('is refused to another process that opens it %s', async (_how, exclusive) => {
    const store = join(temporaryDirectory(), 'store.db')
    const owner = await Host.open({ store, exclusive: true })
    const other = await Host.start()
    await expect(other.open({ store, exclusive })).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    // As the command line opens it.
    await expect(
      other.open({ store, exclusive, prefilter: { kind: 'none' }, snapshot: false }),
    ).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(await owner.revoke(TOKEN)).toBe(1)
    await owner.close()
    await other.open({ store, exclusive })
    expect(await other.verdicts([TOKEN])).toEqual(['revoked'])
  })

  it('is refused to a process that wants to own what another has open', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const first = await Host.open({ store })
    const other = await Host.start()
    await expect(other.open({ store, exclusive: true })).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
    })
    await other.open({ store })
    await first.kill()
    await other.close()
    await other.open({ store, exclusive: true })
  })

  it('is free again the moment its owner is killed', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const next = await Host.start()
    for (let round = 0; round < 3; round++) {
      const owner = await Host.open({ store, exclusive: true })
      await owner.revoke({ jti: `t${round}`, exp: TOMORROW })
      await owner.kill()
      // The first attempt must do: no lock file to grow old, no time to wait for.
      await next.open({ store, exclusive: true })
      expect(await next.verdicts([{ jti: `t${round}`, exp: TOMORROW }])).toEqual(['revoked'])
      await next.close()
    }
  })

  it('answers its owner from memory after a long stall', async () => {
    const store = join(temporaryDirectory(), 'store.db')
    const owner = await Host.open({ store, exclusive: true, maxStalenessMs: 50 })
    await owner.revoke(TOKEN)
    const { direct, asked } = await owner.stall(200, [TOKEN, { jti: 'b', exp: TOMORROW }])
    expect(direct).toEqual([false, true])
    expect(asked).toEqual(['revoked', 'active'])
    await owner.kill()
    const later = await open({ store })
    expect(await verdict(later, TOKEN)).toBe('revoked')
  })
})
