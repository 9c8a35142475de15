// Takes over a blacklist of real tokens from a stand-in for ioredis that has the two methods the guide uses.
import assert from 'node:assert/strict'
import { SignJWT } from 'jose'
import { createRevocade } from 'revocade'
import { importBlacklist } from './snippet.mjs'

const key = new TextEncoder().encode(process.env.JWT_SECRET)
const now = Math.floor(Date.now() / 1000)
const sign = (payload) => new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(key)
const revoked = await sign({ jti: 'a', exp: now + 600 })
const withoutId = await sign({ sub: 'user-1', exp: now + 600 })
const forever = await sign({ jti: 'c', exp: now + 600 })
const other = await sign({ jti: 'd', exp: now + 600 })

const ttls = new Map([
  [`blacklist:${revoked}`, 600_000],
  [`blacklist:${withoutId}`, 600_000],
  [`blacklist:${forever}`, -1],
])
const redis = {
  async *scanStream({ match }) {
    assert.equal(match, 'blacklist:*')
    yield [...ttls.keys()]
  },
  pttl: (name) => Promise.resolve(ttls.get(name) ?? -2),
}

const { count, invalid } = await importBlacklist(redis, { store: './imported.db' })
assert.deepEqual({ count, invalid }, { count: 2, invalid: 0 })

const revocade = await createRevocade({ store: './imported.db' })
assert.equal(await revocade.isRevoked(revoked), true)
assert.equal(await revocade.isRevoked({ jti: 'a' }), true)
assert.equal(await revocade.isRevoked(withoutId), true)
assert.equal(await revocade.isRevoked(forever), false)
assert.equal(await revocade.isRevoked(other), false)
await revocade.close()
console.log('ok')
