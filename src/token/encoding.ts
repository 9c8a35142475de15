/**
 * The canonical encoding of a target: the bytes that its digest is taken of. It is injective (two different targets
 * never have the same bytes), and it is a stored format: a change to it needs a new version.
 *
 * ```
 * encoding = prefix value                     a token: one value
 *          | prefix value                     a selector of one claim
 *          | prefix (u32 length, value)*      a selector of several claims, in the order of their names
 * prefix   = u8 version, u8 kind, u16 number of fields, (u32 length, UTF-8 bytes)*, zeros to a multiple of 8
 * value    = 0x01, UTF-8 bytes of a string    (a hash: its 64 hexadecimal digits)
 *          | 0x02, i64 of a whole number
 * ```
 *
 * Lengths are in bytes, all integers little-endian. The fields of the prefix:
 * id: namespace, claim name, issuer if there is one. hash: namespace. selector: namespace, claim names.
 * What changes from token to token comes last, so that a digest can start from the state after the prefix.
 */
const ENCODING_VERSION = 1

/** The second byte of an encoding. */
export const KIND = { id: 1, hash: 2, selector: 3 } as const
export type Kind = (typeof KIND)[keyof typeof KIND]

/** The first byte of a value. */
export const STRING_TAG = 1
export const INTEGER_TAG = 2

/** The constant part of an encoding; its length is a multiple of 8. The fields must be well-formed strings. */
export function encodePrefix(kind: Kind, fields: readonly string[]): Uint8Array {
  let length = 4
  for (const field of fields) length += 4 + Buffer.byteLength(field)
  const prefix = Buffer.alloc(Math.ceil(length / 8) * 8)
  prefix.writeUInt8(ENCODING_VERSION, 0)
  prefix.writeUInt8(kind, 1)
  prefix.writeUInt16LE(fields.length, 2)
  let at = 4
  for (const field of fields) {
    const bytes = prefix.write(field, at + 4)
    prefix.writeUInt32LE(bytes, at)
    at += 4 + bytes
  }
  return prefix
}
