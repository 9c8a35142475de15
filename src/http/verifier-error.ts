/** Codes by which verifiers say that the keys could not be had: jose, fast-jwt. */
const NO_KEYS = new Set([
  'ERR_JWKS_TIMEOUT',
  'ERR_JWKS_INVALID',
  'ERR_JOSE_GENERIC',
  'FAST_JWT_KEY_FETCHING_ERROR',
  'FAST_JWT_MISSING_KEY',
])

/** How jose (Web Cryptography), jsonwebtoken and fast-jwt say that they were given no key. */
const KEYLESS_MESSAGES: readonly string[] = [
  'Zero-length key is not supported',
  'secret or public key must be provided',
  'The key cannot be an empty string or buffer.',
  'The key option is required unless the only allowed algorithm is "none".',
]

/**
 * Whether what a verifier threw is the fault of the token. It is not where the keys could not be fetched, or
 * where there is none, because the secret is missing or an unknown `kid` was looked up: that says nothing of
 * the token. `fetch` throws a `TypeError` when it gets no answer.
 */
export function isFaultOfToken(error: unknown): boolean {
  if (!(error instanceof Error)) return true
  if (error instanceof TypeError || /^(?:Timeout|Abort)Error$/.test(error.name) || 'syscall' in error)
    return false
  if (hasNoKey(error)) return false
  const status =
    ('statusCode' in error ? error.statusCode : undefined) ?? ('status' in error ? error.status : 0)
  return !(typeof status === 'number' && status >= 500)
}

function hasNoKey(error: Error): boolean {
  if (KEYLESS_MESSAGES.includes(error.message)) return true
  return 'code' in error && typeof error.code === 'string' && NO_KEYS.has(error.code)
}
