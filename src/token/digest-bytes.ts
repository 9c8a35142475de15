import type { Digest } from '../ports/index.js'

/** A fresh copy of a digest as 16 bytes, in the order in which stores keep them. */
export function digestBytes(words: Digest): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, 16).slice()
}

/** A fresh digest from its 16 bytes: the inverse of {@link digestBytes}. */
export function digestOfBytes(bytes: Uint8Array): Digest {
  // Copies, because the bytes may be a view whose offset is not a multiple of 4.
  return new Int32Array(new Uint8Array(bytes).buffer, 0, 4)
}
