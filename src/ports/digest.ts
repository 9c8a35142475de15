/**
 * A 128-bit digest as four 32-bit words; `words[0]` holds bytes 0 to 3, little-endian. The words are signed,
 * because V8 keeps a signed 32-bit integer unboxed, and may allocate for an unsigned one.
 */
export type Digest = Int32Array
