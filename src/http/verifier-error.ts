/** Codes by which verifiers say that the keys could not be had: jose, fast-jwt. */
const NO_KEYS = new Set([
  'ERR_JWKS_TIMEOUT',
  'ERR_JWKS_INVALID',
  'ERR_JOSE_GENERIC',
  'FAST_JWT_KEY_FETCHING_ERROR',
])

/**
 * Whether what a verifier threw is the fault of the token. It is not where the keys could not be fetched:
 * that is an outage, and says nothing of the token. `fetch` throws a `TypeError` when it gets no answer.
 */
export function isFaultOfToken(error: unknown): boolean {
  if (!(error instanceof Error)) return true
  if (error instanceof TypeError || /^(?:Timeout|Abort)Error$/.test(error.name) || 'syscall' in error)
    return false
  if ('code' in error && typeof error.code === 'string' && NO_KEYS.has(error.code)) return false
  const status =
    ('statusCode' in error ? error.statusCode : undefined) ?? ('status' in error ? error.status : 0)
  return !(typeof status === 'number' && status >= 500)
}

/** How jose (Web Cryptography), jsonwebtoken and fast-jwt say it. Codes of fast-jwt also mean wrong keys. */
const KEYLESS_MESSAGES: readonly string[] = [
  'Zero-length key is not supported',
  'secret or public key must be provided',
  'The key cannot be an empty string or buffer.',
  'The key option is required unless the only allowed algorithm is "none".',
]

/**
 * Whether a verifier failed because it has no key: the secret is missing or empty. Then no token is good, and
 * none is to blame.
 */
export function hasNoKey(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && error.code === 'FAST_JWT_MISSING_KEY') return true
  return KEYLESS_MESSAGES.includes(error.message)
}
