import type { Revocade } from '../../api.js'
import { RevocadeError } from '../../errors.js'
import { isFaultOfToken } from '../../http/verifier-error.js'
import { TokenReader } from '../../token/jwt.js'
import type { Client } from '../credentials.js'
import { RequestError, RETRY_AFTER } from '../problem.js'
import type { Verifier } from '../verifier.js'
import { invalidRequest } from './form.js'

/** What a revocation by a client needs. */
export interface RevokeParts {
  readonly engine: Pick<Revocade, 'revoke'>
  readonly verifier: Verifier | undefined
}

/**
 * Revokes a token for a client (RFC 7009). Resolves once it is durable, and also when there is nothing to
 * revoke: the token is not one, has a bad signature or has expired.
 *
 * @throws {RequestError} when the token is another client's, or a good one that can't be revoked: it is too
 *   long, or a claim of it can't be used
 */
export async function revokeFor(
  client: Client,
  token: string,
  { engine, verifier }: RevokeParts,
): Promise<void> {
  if (verifier !== undefined) {
    const claims = await verifiedClaims(token, verifier)
    if (claims === undefined) return
    if (client.tokens === 'own' && clientOf(claims) !== client.id)
      throw invalidRequest('the token was not issued to this client')
  }
  try {
    await engine.revoke(token, { actor: client.id })
  } catch (error) {
    if (!(error instanceof RevocadeError) || error.statusCode !== 400) throw error
    // No check can call active what can't be read: it is refused as malformed.
    if (error.code === 'ERR_INVALID_TOKEN' && !isReadable(token)) return
    const why =
      error.code === 'ERR_INVALID_TOKEN' ? error.message : 'this token has no expiry that can be used'
    throw new RequestError(400, 'unsupported_token_type', why)
  }
}

/** Whether there are claims in a token, by which another program may know it. */
function isReadable(token: string): boolean {
  try {
    return new TokenReader(token.length).read(token).claims !== undefined
  } catch {
    return false
  }
}

/** Whose token it is: RFC 9068 has `client_id`, OpenID Connect `azp`. */
export function clientOf(claims: Readonly<Record<string, unknown>>): string | undefined {
  const id = claims.client_id ?? claims.azp
  return typeof id === 'string' ? id : undefined
}

/** Undefined for what is no token of ours. */
async function verifiedClaims(
  token: string,
  { verifyAnyTime }: Verifier,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    return await verifyAnyTime(token)
  } catch (error) {
    if (isFaultOfToken(error)) return undefined
    throw new RequestError(503, 'temporarily_unavailable', 'the keys can not be had: try again', RETRY_AFTER)
  }
}
