import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { keyFromSecret } from '#dist/token/secret.js'
import { ourError } from '../support/errors.js'

const secret = 'correct horse battery staple'

it('keyFromSecret gives 16 bytes that differ from other uses of the secret', () => {
  const key = Buffer.from(keyFromSecret(secret)).toString('hex')
  expect(key).toBe(createHash('sha256').update(`revocade digest key 1\0${secret}`).digest('hex').slice(0, 32))
  expect(Buffer.from(keyFromSecret(Buffer.from(secret))).toString('hex')).toBe(key)
})

it.each([
  ['', 'needs at least 16 bytes and has 0:'],
  ['fifteen bytes..', 'needs at least 16 bytes and has 15:'],
  [new Uint8Array(15), 'needs at least 16 bytes and has 15:'],
  [undefined, 'is undefined'],
  [7, 'is a number'],
])('the secret %j is refused', (wrong, message) => {
  expect(() => keyFromSecret(wrong as string)).toThrow(ourError('ERR_CONFIG', message))
})
