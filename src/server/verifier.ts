import { readFile } from 'node:fs/promises'
import type { CryptoKey, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import { RevocadeError } from '../errors.js'
import type { Logger } from '../ports/index.js'
import { optionError } from '../validate.js'
import { hasVerificationKey, isKeySet } from './key-set.js'
import { type RemoteKeys, remoteKeys } from './remote-keys.js'
import type { VerificationSettings } from './verification-options.js'

/** Verifies JWTs. What it throws says whose fault it is: see `isFaultOfToken`. */
export interface Verifier {
  /** Signature, issuer, audience and times. */
  readonly verify: (token: string) => Promise<JWTPayload>
  /** The same without the times: an expired token may still be accepted by whoever has a tolerance. */
  readonly verifyAnyTime: (token: string) => Promise<JWTPayload>
  /** Why no token can be verified; undefined when they can. */
  readonly problem: () => Promise<string | undefined>
}

/** The algorithms of a secret, when nothing else is said. */
const HMAC = ['HS256', 'HS384', 'HS512']
/** Seconds: later than any token, and earlier than what a `Date` can't hold. */
const ANY_TIME = 1e12

/**
 * Makes the verifier for the configured key.
 *
 * @param toleranceSeconds - for `exp` and `nbf`
 * @param logger - is told when the key set can't be fetched
 * @throws {RevocadeError} ERR_CONFIG when the key can't be used
 */
export async function createVerifier(
  { key: given, issuer, audience, algorithms }: VerificationSettings,
  toleranceSeconds: number,
  logger: Logger,
): Promise<Verifier> {
  const { errors, jwtVerify } = await import('jose')
  const { key, problem } =
    'jwks' in given ? await keysAt(given.jwks, logger) : local(secretKey(given.hmacSecret))
  const accepted = algorithms ?? ('jwks' in given ? undefined : HMAC)
  const options: JWTVerifyOptions = {
    ...(issuer === undefined ? {} : { issuer: [...issuer] }),
    ...(audience === undefined ? {} : { audience: [...audience] }),
    ...(accepted === undefined ? {} : { algorithms: [...accepted] }),
  }
  const verifyWithin =
    (clockTolerance: number) =>
    async (token: string): Promise<JWTPayload> => {
      const within = { ...options, clockTolerance }
      try {
        return (await jwtVerify(token, key, within)).payload
      } catch (error) {
        if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
        return verifiedByAny(error, async (one) => (await jwtVerify(token, one, within)).payload)
      }
    }
  return { verify: verifyWithin(toleranceSeconds), verifyAnyTime: verifyWithin(ANY_TIME), problem }
}

/** A token without a `kid`, which several keys may have signed: each is tried. */
async function verifiedByAny(
  keys: AsyncIterable<CryptoKey>,
  verify: (key: CryptoKey) => Promise<JWTPayload>,
): Promise<JWTPayload> {
  let failure: unknown = keys
  for await (const key of keys) {
    try {
      return await verify(key)
    } catch (error) {
      // A right signature and a wrong claim is what is wrong with the token.
      if (!isBadSignature(error)) throw error
      failure = error
    }
  }
  throw failure
}

const isBadSignature = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'

function secretKey(secret: string): JWTVerifyGetKey {
  const bytes = new TextEncoder().encode(secret)
  return () => bytes
}

const local = (key: JWTVerifyGetKey): RemoteKeys => ({ key, problem: () => Promise.resolve(undefined) })

async function keysAt(place: string, logger: Logger): Promise<RemoteKeys> {
  const { createLocalJWKSet } = await import('jose')
  if (/^https?:\/\//i.test(place)) {
    if (!URL.canParse(place)) throw optionError('jwks', 'is not a URL that can be used')
    return remoteKeys(new URL(place), logger)
  }
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(place))
    throw optionError('jwks', `${KEY_SET}: the URL is not of http or https`)
  const keys = await keysIn(place)
  if (!isKeySet(keys)) throw optionError('jwks', `${KEY_SET}: the file has no list 'keys' of JSON objects`)
  if (!hasVerificationKey(keys))
    throw optionError('jwks', `${KEY_SET}: its list 'keys' has no key for signatures`)
  return local(createLocalJWKSet(keys))
}

async function keysIn(path: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    const why = isMissing ? 'there is no such file' : "the file can't be read"
    throw new RevocadeError('ERR_CONFIG', `option 'jwks' ${KEY_SET}: ${why}`, { cause })
  }
  try {
    return JSON.parse(text)
  } catch {
    // The message of JSON.parse would quote the file.
    throw optionError('jwks', `${KEY_SET}: the file is not valid JSON`)
  }
}

const KEY_SET = 'must be a URL, or the path of a JSON Web Key Set'
