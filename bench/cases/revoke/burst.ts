import type { Revocade, TokenClaims } from '#dist/index.js'
import { inFlight } from '../../harness/in-flight.js'
import { seconds } from '../../harness/measure.js'
import { assertAnswer } from '../../harness/types.js'

/** Revocations under way at a time. */
export const IN_FLIGHT = 256

/** Revokes all of them, 256 at a time, and asks for some of them afterwards. Returns the seconds it took. */
export async function revokeAll(engine: Revocade, tokens: readonly TokenClaims[]): Promise<number> {
  const { seconds: time } = await seconds(() =>
    inFlight(tokens, IN_FLIGHT, async (claims) => {
      const { seq } = await engine.revoke(claims)
      assertAnswer(seq > 0, 'a revocation was not written')
    }),
  )
  for (const claims of tokens.slice(0, 500))
    assertAnswer(await engine.isRevoked(claims), 'a revoked token is active')
  return time
}
