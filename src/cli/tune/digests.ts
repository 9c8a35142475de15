import type { Digest } from '../../ports/index.js'

/**
 * Writes pseudo-random words into the digest it is given, the same for each seed in every run (Chris
 * Doty-Humphrey's sfc32). It allocates nothing.
 */
export function digestSource(seed: number): (digest: Digest) => Digest {
  let [a, b, c, counter] = [0x9e3779b9 | 0, seed | 0, 0x243f6a88, 1]
  const next = (): number => {
    const out = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + out) | 0
    return out
  }
  for (let i = 0; i < 20; i++) next()
  return (digest) => {
    for (let i = 0; i < 4; i++) digest[i] = next()
    return digest
  }
}
