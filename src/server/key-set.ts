import type { JSONWebKeySet } from 'jose'

/** Whether a value is a JSON Web Key Set (RFC 7517, section 5). */
export function isKeySet(value: unknown): value is JSONWebKeySet {
  if (typeof value !== 'object' || value === null || !('keys' in value) || !Array.isArray(value.keys))
    return false
  const keys: unknown[] = value.keys
  return keys.every((key) => typeof key === 'object' && key !== null && !Array.isArray(key))
}

/** The types of keys that verify signatures: RFC 7518 and RFC 8037, and AKP for ML-DSA. */
const KEY_TYPES: readonly unknown[] = ['RSA', 'EC', 'OKP', 'AKP']

/** Whether a key set has a key that a signature can be verified with. */
export function hasVerificationKey({ keys }: JSONWebKeySet): boolean {
  return keys.some(
    ({ kty, use = 'sig', key_ops: operations = ['verify'] }) =>
      KEY_TYPES.includes(kty) && use === 'sig' && operations.includes('verify'),
  )
}
