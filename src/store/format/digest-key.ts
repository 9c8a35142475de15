import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { RevocadeError } from '../../errors.js'

const KEY_BYTES = 16
const KEY_CHECK_BYTES = 8

/** What a store keeps of its digest key: the key itself, or a check value of a key that is configured. */
export type KeptKey = readonly [name: 'key' | 'key_check', value: Buffer]

/** @throws {RevocadeError} ERR_CONFIG when a configured key has another length */
export function requireKeyLength(secret: Uint8Array | undefined): void {
  if (secret !== undefined && secret.length !== KEY_BYTES)
    throw new RevocadeError('ERR_CONFIG', `a digest key has ${KEY_BYTES} bytes, not ${secret.length}`)
}

/** What a new store is to keep. Without a configured key it gets one of its own. */
export const keyToKeep = (secret: Uint8Array | undefined): KeptKey =>
  secret === undefined ? ['key', randomBytes(KEY_BYTES)] : ['key_check', checkValue(secret)]

/**
 * The digest key of a store.
 *
 * @param kept The key that the store keeps, if any; `check`: the check value that it keeps, if any.
 * @param secret The configured key; undefined: the store has a key of its own.
 * @throws {RevocadeError} ERR_STORE_MISMATCH when the store has another key, ERR_STORE_CORRUPT when it lost
 * its own.
 */
export function digestKey(
  kept: Uint8Array | undefined,
  check: Uint8Array | undefined,
  secret: Uint8Array | undefined,
): Uint8Array {
  if (kept?.length === KEY_BYTES) {
    if (secret === undefined || timingSafeEqual(kept, secret)) return Uint8Array.from(kept)
    throw otherKey('has a digest key of its own, but a `secret` is configured', 'remove the secret')
  }
  if (check?.length !== KEY_CHECK_BYTES)
    throw new RevocadeError(
      'ERR_STORE_CORRUPT',
      'the store has lost its digest key: restore it from a backup',
    )
  if (secret === undefined) {
    throw otherKey('was made with a `secret`, and none is configured', 'configure the same secret')
  }
  if (!timingSafeEqual(check, checkValue(secret))) {
    throw otherKey('was made with another `secret`', 'configure the one it was made with')
  }
  return Uint8Array.from(secret)
}

/** With another key, no revocation of the store would be found. */
const otherKey = (how: string, remedy: string): RevocadeError =>
  new RevocadeError(
    'ERR_STORE_MISMATCH',
    `this store ${how}, so none of its revocations would be found: ${remedy}, or choose another store`,
  )

/** Proves that a key is the store's key. It does not reveal the key to a reader of the store. */
export const checkValue = (key: Uint8Array): Buffer =>
  createHash('sha256').update('revocade digest key check\0').update(key).digest().subarray(0, KEY_CHECK_BYTES)
