import { join } from 'node:path'
import { createRevocade, type Revocade } from 'revocade'
import { onTestFinished } from 'vitest'
import { temporaryDirectory } from '../support/temp.js'

/** What must be in no message, label or attribute. */
export const SECRETS = [
  'jti-secret',
  'user-secret',
  'reason-secret',
  'actor-secret',
  'issuer-secret',
  'eyJ',
  'opaque-secret',
]

const exp = Math.floor(Date.now() / 1000) + 600
const claims = { jti: 'jti-secret', sub: 'user-secret', iss: 'issuer-secret', iat: exp - 700, exp }
const encoded = [{ alg: 'none' }, claims].map((part) =>
  Buffer.from(JSON.stringify(part)).toString('base64url'),
)
/** The same claims as a JWT. */
export const JWT = `${encoded.join('.')}.AAAA`

export async function openEngine(): Promise<Revocade> {
  const store = join(temporaryDirectory(), 'observed.db')
  const engine = await createRevocade({ store, claims: ['sub'], maxTokenLifetimeSeconds: 3600 })
  onTestFinished(() => engine.close())
  return engine
}

/** Every kind of call, each with what must not be seen: 8 writes, of which 2 fail, and 4 lookups. */
export async function useAll(engine: Revocade): Promise<void> {
  const why = { reason: 'reason-secret', actor: 'actor-secret' }
  await engine.isRevoked({ ...claims, jti: 'jti-secret-not-revoked' })
  await engine.revoke(JWT, why)
  await engine.revoke('opaque-secret', { ...why, expiresAt: exp })
  await engine.revoke(claims, why)
  await engine.isRevoked(claims)
  await engine.check(JWT)
  await engine.revokeWhere({ sub: 'user-secret' }, why)
  await engine.check({ ...claims, jti: 'jti-secret-other' })
  await engine.isRevoked('opaque-secret')
  await engine.revokeMany([{ jti: 'jti-secret-many', iss: 'issuer-secret', expiresAt: exp, ...why }])
  await engine.unrevoke(JWT)
  await engine.revoke({ user: 'user-secret', exp }, why).catch(() => undefined)
  await engine.revokeWhere({ 'user-secret': 'user-secret' }, why).catch(() => undefined)
}
