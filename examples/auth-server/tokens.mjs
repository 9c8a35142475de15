// Access tokens: JWTs, signed with ES256. The key is a file of the data folder; put yours where secrets are kept.
import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT } from 'jose'

/** How long an access token lives, in seconds. */
export const ACCESS_SECONDS = 600
const AUDIENCE = 'auth-server'

export async function createTokens(keyFile, issuer) {
  const jwk = await readKey(keyFile)
  const privateKey = await importJWK(jwk, 'ES256')
  const { d: _private, ...publicJwk } = jwk
  const publicKey = await importJWK(publicJwk, 'ES256')
  return {
    /** The claims come from revocade/sessions. Their iat is the time of the commit, and stays. */
    sign: (claims) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: jwk.kid })
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setJti(randomUUID())
        .setExpirationTime(claims.iat + ACCESS_SECONDS)
        .sign(privateKey),
    verify: async (token) =>
      (await jwtVerify(token, publicKey, { issuer, audience: AUDIENCE, algorithms: ['ES256'] })).payload,
  }
}

async function readKey(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid: randomUUID() }
  // Of two processes that start at once, the second uses the key of the first.
  await writeFile(file, JSON.stringify(jwk), { mode: 0o600, flag: 'wx' }).catch(() => undefined)
  return JSON.parse(await readFile(file, 'utf8'))
}
