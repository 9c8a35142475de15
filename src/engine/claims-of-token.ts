import type { Revocade, TokenClaims } from '../api.js'
import { internalsOf } from './internals.js'

/**
 * The claims of a JWT, not verified; undefined for a token that has none to read.
 *
 * @throws {RevocadeError} ERR_INVALID_TOKEN
 */
export function claimsOfToken(engine: Revocade, token: string): TokenClaims | undefined {
  const { digester } = internalsOf(engine, 'claimsOfToken()').layers
  digester.tokenIfIdentifiable(token)
  return digester.claims
}
