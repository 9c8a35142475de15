import type { JSONWebKeySet } from 'jose'

/** Whether a value is a JSON Web Key Set (RFC 7517, section 5). */
export function isKeySet(value: unknown): value is JSONWebKeySet {
  if (typeof value !== 'object' || value === null || !('keys' in value) || !Array.isArray(value.keys))
    return false
  const keys: unknown[] = value.keys
  return keys.every((key) => typeof key === 'object' && key !== null && !Array.isArray(key))
}
