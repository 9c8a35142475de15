import type { TokenClaims } from '#dist/index.js'
import type { Random } from './random.js'

/** Who issues all tokens. */
export const ISSUER = 'https://issuer.example.com/'

/** Late enough for no token of a run to expire. */
export const EXPIRES_AT = Math.floor(Date.now() / 1000) + 30 * 86_400

const ISSUED_AT = Math.floor(Date.now() / 1000) - 60

/**
 * The claims of an access token as a verifier returns them: parsed from JSON, so every string is a new one.
 */
export function freshClaims(random: Random): TokenClaims {
  return parse(
    `{"iss":"${ISSUER}","sub":"auth0|${random.hex(24)}",` +
      `"sid":"${random.uuid()}","jti":"${random.uuid()}","iat":${ISSUED_AT},"exp":${EXPIRES_AT},` +
      `"aud":"https://api.example.com/","client_id":"web-${random.hex(8)}"}`,
  )
}

/** A new string of 36 characters, as a parser makes it: flat, its hash not computed yet. */
export function freshId(random: Random): string {
  const { jti } = parse(`{"jti":"${random.uuid()}"}`)
  return String(jti)
}

function parse(json: string): TokenClaims {
  return JSON.parse(json) as TokenClaims
}
