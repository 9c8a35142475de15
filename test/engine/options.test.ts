import { createRevocade, type RevocadeOptions } from 'revocade'
import { expect, it } from 'vitest'

const options: [RevocadeOptions | object, RegExp][] = [
  [{ stoer: 'x' }, /'stoer'.*'store'/],
  [{ maxStalenessMs: -1 }, /maxStalenessMs/],
  [{ maxStalenessMs: '1' }, /maxStalenessMs/],
  [{ store: '' }, /store/],
  [{ store: 5 }, /'store' must be a file path, the URL of a store \(postgres:.*redis:/],
  [{ store: {} }, /store/],
  [{ store: undefined }, /'store' is undefined: is an environment variable not set/],
  [{ store: 'mysql://x' }, /postgres:/],
  [{ store: 'postgres://x', exclusive: true }, /'exclusive'/],
  [{ redis: 'http://x' }, /redis:\/\//],
  [{ prefilter: { kind: 'blom' } }, /'bloom'/],
  [{ prefilter: { kind: 'bloom', prefixBits: 3 } }, /prefixBits/],
  [{ prefilter: [] }, /prefilter/],
  [{ claims: 'sub' }, /claims/],
  [{ claims: [[]] }, /claims/],
  [{ claims: ['a', 'a'] }, /twice/],
  [{ claims: [['a', 'a']] }, /twice/],
  [{ idClaims: [] }, /idClaims/],
  [{ namespace: '' }, /namespace/],
  [{ secret: 7 }, /secret/],
  [{ secret: 'short' }, /16/],
  [{ logger: {} }, /logger/],
  [{ clock: {} }, /clock/],
  [{ exclusive: 1 }, /exclusive/],
  [{ onUnknown: 'x' }, /onUnknown/],
  [{ maxTokenBytes: 1 }, /maxTokenBytes/],
]
it.each(options)('createRevocade refuses %j with ERR_CONFIG', async (given, message) => {
  await expect(createRevocade(given)).rejects.toThrow(
    expect.objectContaining({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(message) as string,
    }) as Error,
  )
})
