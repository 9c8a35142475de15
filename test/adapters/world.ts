import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { jwtVerify, SignJWT } from 'jose'
import { createRevocade, type Revocade } from 'revocade'
import { temporaryDirectory } from '../support/temp.js'

const SECRET = 'the secret of the adapters, for their tests only'
const key = new TextEncoder().encode(SECRET)
const now = Math.floor(Date.now() / 1000)

/** What a host is given. */
export interface World {
  readonly engine: Revocade
  /** An engine whose store is gone, so that every check is `unknown`. */
  readonly dark: Revocade
  readonly secret: string
  readonly verify: (token: string) => Promise<object>
  /** A verifier that can't fetch its keys. */
  readonly unreachable: () => Promise<object>
  readonly tokens: Readonly<Record<TokenName, string>>
  readonly close: () => Promise<void>
}

export type TokenName = 'good' | 'revoked' | 'ofRevokedUser' | 'expired' | 'forged'

const claims = (jti: string, more: object = {}) => ({
  jti,
  sub: 'user-1',
  iat: now - 60,
  exp: now + 3600,
  ...more,
})
const sign = (payload: object, with_ = key): Promise<string> =>
  new SignJWT({ ...payload }).setProtectedHeader({ alg: 'HS256' }).sign(with_)

/** Engines with real stores, and tokens signed by jose. */
export async function createWorld(): Promise<World> {
  const directory = temporaryDirectory()
  const options = { claims: ['sub'], maxTokenLifetimeSeconds: 3600 }
  const engine = await createRevocade({ ...options, store: join(directory, 'good.db') })
  const lost = join(directory, 'lost.db')
  // Every check asks the store, which is not there any more.
  const dark = await createRevocade({ ...options, store: lost, maxStalenessMs: 0 })
  for (const end of ['', '-wal', '-shm']) rmSync(lost + end, { force: true })
  await engine.revoke(claims('revoked'))
  await engine.revokeWhere({ sub: 'user-2' })
  return {
    engine,
    dark,
    secret: SECRET,
    verify: async (token) => (await jwtVerify(token, key, { algorithms: ['HS256'] })).payload,
    unreachable: () => fetch('http://127.0.0.1:1/jwks').then(() => ({})),
    tokens: {
      good: await sign(claims('good')),
      revoked: await sign(claims('revoked')),
      ofRevokedUser: await sign(claims('of-user', { sub: 'user-2' })),
      expired: await sign(claims('expired', { exp: now - 5 })),
      forged: await sign(claims('good'), new TextEncoder().encode('another secret of the same length or so')),
    },
    close: async () => {
      await Promise.all([engine.close(), dark.close()])
    },
  }
}
