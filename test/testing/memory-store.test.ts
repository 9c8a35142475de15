import { describe, expect, it } from 'vitest'
import { MemoryStore, storeSuite } from '#dist/testing/index.js'
import { open, verdict } from '../support/engine.js'
import { TOMORROW, until } from '../support/time.js'

storeSuite({ describe, it }, 'MemoryStore', {
  make() {
    const data = new MemoryStore()
    return Promise.resolve({
      connect: () => new MemoryStore(data),
      backup: () => {
        const restore = data.backup()
        return Promise.resolve(() => Promise.resolve().then(restore))
      },
      dispose: () => Promise.resolve(),
    })
  },
})

describe('two engines on one MemoryStore', () => {
  it('see what the other revokes', async () => {
    const data = new MemoryStore()
    await using one = await open({ store: data })
    await using other = await open({ store: new MemoryStore(data), maxStalenessMs: 50 })
    const token = { jti: 'a', exp: TOMORROW }
    expect(await verdict(other, token)).toBe('active')
    await one.revoke(token)
    await until('the other has heard of it', async () => (await verdict(other, token)) === 'revoked')
  })
})

describe('a MemoryStore in exclusive use', () => {
  it('is refused to others until it is closed', async () => {
    const data = new MemoryStore()
    const owner = await open({ store: data, exclusive: true })
    const unavailable = { code: 'ERR_STORE_UNAVAILABLE' }
    await expect(open({ store: new MemoryStore(data) })).rejects.toMatchObject(unavailable)
    await owner.close()
    const next = await open({ store: new MemoryStore(data) })
    await expect(open({ store: new MemoryStore(data), exclusive: true })).rejects.toMatchObject(unavailable)
    await next.close()
  })
})
