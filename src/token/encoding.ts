/**
 * The canonical encoding of a target: the bytes that its digest is taken of. It is injective: two different
 * targets never have the same bytes. It is a stored format, so a change to it needs a new version.
 *
 * ```
 * encoding = prefix value                     a token: one value
 *          | prefix value                     a selector of one claim
 *          | prefix (u32 length, value)*      a selector of several claims, in the order of their names
 *          | prefix                           a selector of no claim: everybody
 *          | as a selector                    a mark: no target, but what a cache is to forget
 * prefix   = u8 version, u8 kind, u16 number of fields, (u32 length, UTF-8 bytes)*, zeros to a multiple of 8
 * value    = 0x01, UTF-8 bytes of a string    (a hash: its 64 hexadecimal digits)
 *          | 0x02, i64 of a whole number        (an id; in a selector it is a decimal string)
 * ```
 *
 * Lengths are in bytes, all integers little-endian. The fields of the prefix are
 *
 * - of an id: namespace, claim name, and the issuer when there is one;
 * - of a hash: namespace;
 * - of a selector: namespace, claim names;
 * - of a mark: namespace, kind of cache, name of cache, claim names.
 *
 * The value that differs from token to token comes last, so that a digest can start from the state after the
 * prefix.
 */
const ENCODING_VERSION = 1

/** The kinds of targets, and marks: the second byte of an encoding. */
export const KIND = { id: 1, hash: 2, selector: 3, mark: 4 } as const

/** One of {@link KIND}. */
export type Kind = (typeof KIND)[keyof typeof KIND]

/** The first byte of an encoded string. */
export const STRING_TAG = 1

/** The first byte of an encoded whole number. */
export const INTEGER_TAG = 2

/**
 * The prefix of an encoding, which is the same for many tokens.
 *
 * @param fields well-formed strings
 * @returns a multiple of 8 bytes
 */
export function encodePrefix(kind: Kind, fields: readonly string[]): Uint8Array {
  let length = 4
  for (const field of fields) length += 4 + Buffer.byteLength(field)
  const prefix = Buffer.alloc(Math.ceil(length / 8) * 8)
  prefix.writeUInt8(ENCODING_VERSION, 0)
  prefix.writeUInt8(kind, 1)
  prefix.writeUInt16LE(fields.length, 2)
  let offset = 4
  for (const field of fields) {
    const bytes = prefix.write(field, offset + 4)
    prefix.writeUInt32LE(bytes, offset)
    offset += 4 + bytes
  }
  return prefix
}
