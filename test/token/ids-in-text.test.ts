import fc from 'fast-check'
import { expect, it } from 'vitest'
import { idsInText } from '#dist/token/ids-in-text.js'

it('a text that JSON writes for a whole number may be that number', () => {
  fc.assert(fc.property(fc.maxSafeInteger(), (id) => idsInText(JSON.stringify(id))[1] === id))
})

it.each([
  '7f2c',
  '042',
  '+42',
  '-0',
  '42.0',
  '4.2',
  '1e3',
  ' 42',
  '0x2a',
  '9007199254740992',
  'Infinity',
  '',
])('%j is a text only', (text) => {
  expect(idsInText(text)).toEqual([text])
})
