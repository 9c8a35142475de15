/**
 * A 128-bit digest as four 32-bit words, `words[0]` holding bytes 0–3 little-endian and so on.
 * Signed words, because V8 keeps a 32-bit signed integer unboxed where an unsigned one may allocate.
 */
export type Digest = Int32Array
