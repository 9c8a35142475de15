import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { createRevocade, type Revocade, type RevocationInput, type TokenClaims } from '#dist/index.js'
import { assertAnswer, type Context } from '../harness/types.js'
import { EXPIRES_AT, ISSUER } from './claims.js'
import { Random } from './random.js'

/** So many revocations of ids that follow from the seed. */
export function* inputs(
  context: Context,
  count: number,
): Generator<RevocationInput & { readonly jti: string }, void, void> {
  const random = new Random(context.seed, 'inputs')
  for (let i = 0; i < count; i++) yield { jti: random.uuid(), iss: ISSUER, expiresAt: EXPIRES_AT }
}

/** Claims of the first few of them: these must be found revoked. */
export function revokedClaims(context: Context, count: number): TokenClaims[] {
  return [...inputs(context, count)].map(({ jti }) => ({ iss: ISSUER, jti, exp: EXPIRES_AT }))
}

/** A SQLite store with so many revocations; the first case that wants it makes it. */
export async function storeFile(context: Context, count: number): Promise<string> {
  const path = join(context.directory, `revoked-${count}.db`)
  if (existsSync(path)) return path
  const unfinished = `${path}-unfinished`
  const engine = await createRevocade({ store: unfinished, snapshot: false })
  await engine.revokeMany(inputs(context, count))
  await engine.close()
  await rename(unfinished, path)
  return path
}

/** An engine on a store with exactly these has them, and says so by every way of asking. */
export async function assertHolds(context: Context, engine: Revocade, count: number): Promise<void> {
  for (const claims of revokedClaims(context, Math.min(count, 1000))) {
    assertAnswer(
      !engine.isClearlyActive(claims) && (await engine.isRevoked(claims)),
      'a revocation is not found',
    )
  }
  assertAnswer(engine.stats().store.seq === count, 'revocations are missing')
}
