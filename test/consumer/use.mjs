// Uses the installed package as a plain JavaScript project does. Prints "ok" and exits with 0, or throws.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import {
  configure,
  createRevocade,
  defaultRevocade,
  ERROR_STATUS,
  isRevoked,
  revoke,
  RevocadeError,
} from 'revocade'
import { guard } from 'revocade/express'
import blacklist, { isRevoked as isBlacklisted } from 'revocade/express-jwt-blacklist'
import { createForwardAuth } from 'revocade/http'
import { createPermissions } from 'revocade/permissions'
import * as ports from 'revocade/ports'
import { revocable } from 'revocade/session-stores'
import { checkIntegrity, SqliteStore } from 'revocade/sqlite'
import * as testing from 'revocade/testing'

const inAnHour = Math.floor(Date.now() / 1000) + 3600
const claims = { iss: 'https://issuer.example', sub: 'user-1', jti: 'a', iat: inAnHour - 3700, exp: inAnHour }

const revocade = await createRevocade({ store: './use.db', maxTokenLifetimeSeconds: 3600 })
const { isClearlyActive, check, revokeWhere, revokeMany, unrevoke, unrevokeWhere, list, stats, close } =
  revocade

assert.equal(isClearlyActive(claims), true)
assert.equal(await revocade.isRevoked(claims), false)
const receipt = await revocade.revoke(claims, { reason: 'lost', actor: 'admin' })
assert.deepEqual(
  { seq: receipt.seq, outcome: receipt.outcome, durable: receipt.durable, redis: receipt.redis },
  { seq: 1, outcome: 'revoked', durable: true, redis: 'off' },
)
assert.equal(await revocade.isRevoked(claims), true)
assert.equal(isClearlyActive(claims), false)
const verdict = await check(claims)
assert.equal(verdict.status, 'revoked')
assert.equal(verdict.revocation?.reason, 'lost')

const permissions = createPermissions(revocade, { load: ({ sub }) => [sub] })
assert.deepEqual(await permissions.get(claims), ['user-1'])
assert.equal((await permissions.invalidate({ sub: 'user-1' })).durable, true)

const kept = new Map([['sid-1', { user: 'user-1' }]])
const sessionStore = revocable(
  {
    get: (sid, callback) => callback(null, kept.get(sid)),
    set: (sid, session, callback) => callback(kept.set(sid, session) && null),
    destroy: (sid, callback) => callback(kept.delete(sid) && null),
  },
  await createRevocade({ store: './sessions.db' }),
  { lifetimeSeconds: 3600 },
)
assert.deepEqual(await sessionStore.get('sid-1'), { user: 'user-1' })
await sessionStore.destroy('sid-1')
kept.set('sid-1', { user: 'user-1' })
assert.equal(await sessionStore.get('sid-1'), undefined)

assert.equal((await revokeWhere({ sub: 'user-2' })).outcome, 'revoked')
assert.equal(await revocade.isRevoked({ ...claims, sub: 'user-2', jti: 'b' }), true)
assert.equal(
  (
    await revokeMany([
      { jti: 'c', expiresAt: inAnHour },
      { sha256: 'ab'.repeat(32), expiresAt: inAnHour },
    ])
  ).count,
  2,
)

const listed = []
for await (const revocation of list()) listed.push(revocation.target.kind)
// An id without an issuer is that of any issuer.
assert.deepEqual(listed, ['id', 'selector', 'selector', 'hash'])

assert.equal((await unrevoke(claims)).outcome, 'unrevoked')
assert.equal((await unrevokeWhere({ sub: 'user-2' })).outcome, 'unrevoked')
assert.equal(await revocade.isRevoked(claims), false)
assert.equal(stats().store.kind, 'sqlite')

await assert.rejects(
  revocade.isRevoked(''),
  (error) => error instanceof RevocadeError && error.code === 'ERR_INVALID_TOKEN',
)
await assert.rejects(createRevocade({ stroe: './x.db' }), {
  code: 'ERR_CONFIG',
  statusCode: ERROR_STATUS.ERR_CONFIG,
})
// Without ioredis installed, the option `redis` is refused.
await assert.rejects(createRevocade({ store: './other.db', redis: 'redis://localhost' }), {
  code: 'ERR_CONFIG',
  message: /npm install ioredis/,
})
// No framework is installed, and none is needed to load an adapter.
const verified = { headers: {}, user: claims }
guard(revocade, { claims: ({ user }) => user })(verified, {}, (error) => assert.equal(error, undefined))
assert.equal((await createForwardAuth(revocade)({ headers: {}, url: '/check' })).status, 401)
await close()
await assert.rejects(revocade.isRevoked(claims), { code: 'ERR_CLOSED' })

// The process-wide engine, over the same file.
configure({ store: './use.db' })
await revoke({ ...claims, jti: 'd' })
assert.equal(await isRevoked({ ...claims, jti: 'd' }), true)
assert.equal(await isRevoked({ ...claims, jti: 'c', iss: undefined }), true)
await (await defaultRevocade()).close()

// A drop-in, on an engine of its own over the same file.
process.env.REVOCADE_STORE = './use.db'
const user = { sub: 'user-3', iat: inAnHour - 3600, exp: inAnHour }
await blacklist.revoke(user)
assert.equal(await isBlacklisted(undefined, user), true)
await blacklist.close()

assert.ok(Object.keys(testing).length > 0)
assert.deepEqual(Object.keys(ports), [])

// A store with its own options, over the same file.
const patient = await createRevocade({ store: new SqliteStore('./use.db', { busyTimeoutMs: 10_000 }) })
assert.equal(await patient.isRevoked({ ...claims, jti: 'd' }), true)
await patient.close()
assert.deepEqual(checkIntegrity('./use.db'), [])

// Inner modules can't be imported; the manifest can.
await assert.rejects(import('revocade/dist/engine.js'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' })
const require = createRequire(import.meta.url)
assert.equal(require('revocade/package.json').name, 'revocade')
// CommonJS can load the modules as well, where Node.js allows require() of ES modules.
if (process.features.require_module) assert.equal(require('revocade').createRevocade, createRevocade)

console.log('ok')
