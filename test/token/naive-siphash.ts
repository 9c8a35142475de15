/**
 * SipHash-2-4 with 128-bit output, word for word as in the paper and the reference code: so simple that it is
 * unlikely to be wrong.
 */
export function naiveSipHash(key: Uint8Array, message: Uint8Array): string {
  const word = (bytes: Uint8Array) => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  const add = (a: bigint, b: bigint) => BigInt.asUintN(64, a + b)
  const rotl = (a: bigint, n: bigint) => BigInt.asUintN(64, (a << n) | (a >> (64n - n)))
  const k0 = word(key.subarray(0, 8))
  const k1 = word(key.subarray(8, 16))
  let v0 = k0 ^ 0x736f6d6570736575n
  let v1 = k1 ^ 0x646f72616e646f6dn ^ 0xeen
  let v2 = k0 ^ 0x6c7967656e657261n
  let v3 = k1 ^ 0x7465646279746573n
  const rounds = (count: number) => {
    for (let i = 0; i < count; i++) {
      v0 = add(v0, v1)
      v1 = rotl(v1, 13n) ^ v0
      v0 = rotl(v0, 32n)
      v2 = add(v2, v3)
      v3 = rotl(v3, 16n) ^ v2
      v0 = add(v0, v3)
      v3 = rotl(v3, 21n) ^ v0
      v2 = add(v2, v1)
      v1 = rotl(v1, 17n) ^ v2
      v2 = rotl(v2, 32n)
    }
  }
  const padded = new Uint8Array(Math.floor(message.length / 8) * 8 + 8)
  padded.set(message)
  padded[padded.length - 1] = message.length % 256
  for (let at = 0; at < padded.length; at += 8) {
    const m = word(padded.subarray(at, at + 8))
    v3 ^= m
    rounds(2)
    v0 ^= m
  }
  v2 ^= 0xeen
  rounds(4)
  const low = v0 ^ v1 ^ v2 ^ v3
  v1 ^= 0xddn
  rounds(4)
  const out = Buffer.alloc(16)
  out.writeBigUInt64LE(low, 0)
  out.writeBigUInt64LE(v0 ^ v1 ^ v2 ^ v3, 8)
  return out.toString('hex')
}
