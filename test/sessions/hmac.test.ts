import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { HmacSha256 } from '#dist/sessions/hmac.js'

describe('HMAC-SHA-256', () => {
  it('is that of Node.js, for keys and messages of every length it takes, in as many parts', () => {
    const reused = new HmacSha256(new Uint8Array(64).fill(255))
    for (let length = 0; length <= 64; length++) {
      const [key, message] = [randomBytes(length), randomBytes(length * 2)]
      const expected = createHmac('sha256', key).update(message).digest('hex')
      expect(new HmacSha256(key).digest(message).toString('hex')).toBe(expected)
      const [head, tail] = [message.subarray(0, length / 3), message.subarray(length / 3)]
      expect(reused.key(key).digest(head, tail).toString('hex')).toBe(expected)
    }
  })

  // RFC 4231, test case 2.
  it('is that of the RFC', () => {
    expect(
      new HmacSha256(Buffer.from('Jefe')).digest(Buffer.from('what do ya want for nothing?')).toString('hex'),
    ).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
  })

  it('takes neither a longer key nor a longer message', () => {
    expect(() => new HmacSha256(new Uint8Array(65))).toThrow(RangeError)
    expect(() => new HmacSha256(new Uint8Array(1)).digest(new Uint8Array(129))).toThrow(RangeError)
  })
})
