import { createHash } from 'node:crypto'
import { isUint8Array } from 'node:util/types'
import { optionError } from '../validate.js'
import { describeType } from './claim-values.js'

const MIN_SECRET_BYTES = 16
const LABEL = 'revocade digest key 1\0'

/**
 * The 16-byte digest key for a configured secret: the first half of `SHA-256(label || secret)`. The label
 * makes the key differ from every other value that is derived from the same secret.
 *
 * @param secret at least 16 bytes; a string counts in UTF-8
 * @throws {RevocadeError} ERR_CONFIG when it is shorter, or neither a string nor bytes
 */
export function keyFromSecret(secret: string | Uint8Array): Uint8Array {
  if (typeof secret !== 'string' && !isUint8Array(secret)) {
    throw optionError('secret', `must be a string or a Uint8Array, but is ${describeType(secret)}`)
  }
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : secret
  if (bytes.length < MIN_SECRET_BYTES) {
    throw optionError(
      'secret',
      `needs at least ${MIN_SECRET_BYTES} bytes and has ${bytes.length}: ` +
        'take one from `openssl rand -base64 32`',
    )
  }
  return new Uint8Array(createHash('sha256').update(LABEL).update(bytes).digest().subarray(0, 16))
}
