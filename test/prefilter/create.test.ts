import { describe, expect, it } from 'vitest'
import { createPrefilter, type PrefilterOptions } from '#dist/prefilter/create.js'

describe('createPrefilter', () => {
  it.each(['bloom', 'trie', 'exact', 'bloom-filters', 'none'] as const)(
    'createPrefilter makes a %s with its defaults',
    async (kind) => {
      const filter = await createPrefilter({ kind })
      expect(filter.kind).toBe(kind)
      expect(filter.entries).toBe(0)
      expect(filter.capacity).toBeGreaterThanOrEqual(100_000)
    },
  )

  it('createPrefilter makes a fuse that starts with a delta of 35 KiB', async () => {
    const filter = await createPrefilter({ kind: 'fuse', expectedRevocations: 1_000_000 })
    expect(filter.entries).toBe(0)
    expect(filter.capacity).toBe(9216)
    expect(filter.bytes).toBe(35 * 1024)
  })

  it('createPrefilter treats an undefined option as absent', async () => {
    const options: object = { kind: 'exact', falsePositiveRate: undefined }
    expect((await createPrefilter(options as PrefilterOptions)).kind).toBe('exact')
  })

  const refused: readonly (readonly [string, object, RegExp])[] = [
    [
      'an unknown kind',
      { kind: 'cuckoo' },
      /'prefilter\.kind' must be one of 'bloom', 'fuse', 'trie', 'exact'/,
    ],
    ['a rate that fuse can not have', { kind: 'fuse', falsePositiveRate: 1e-6 }, /at least 0\.00003/],
    ['no kind', {}, /kind' must be one of/],
    ['a name of every object', { kind: 'toString' }, /kind' must be one of/],
    [
      'a misspelt option',
      { kind: 'bloom', falsePositivRate: 0.01 },
      /unknown bloom prefilter option 'falsePositivRate': did you mean 'falsePositiveRate'/,
    ],
    [
      'prefixBits for bloom',
      { kind: 'bloom', prefixBits: 32 },
      /unknown bloom prefilter option 'prefixBits': known: falsePositiveRate/,
    ],
    ['a rate for trie', { kind: 'trie', falsePositiveRate: 0.01 }, /unknown trie prefilter option/],
    ['a rate for exact', { kind: 'exact', falsePositiveRate: 0.01 }, /unknown exact prefilter option/],
    ['a rate of 0', { kind: 'bloom', falsePositiveRate: 0 }, /must be a number from 1e-9 to 0.5/],
    ['a rate of 1', { kind: 'bloom-filters', falsePositiveRate: 1 }, /from 1e-9 to 0.5/],
    ['NaN', { kind: 'bloom', falsePositiveRate: Number.NaN }, /from 1e-9 to 0.5/],
    ['a string', { kind: 'bloom', falsePositiveRate: '0.01' }, /must be a number/],
    ['no revocations', { kind: 'bloom', expectedRevocations: 0 }, /number from 1 to/],
    ['half a revocation', { kind: 'exact', expectedRevocations: 1.5 }, /whole number from 1 to/],
    ['more than 2 GiB', { kind: 'bloom', falsePositiveRate: 1e-9, expectedRevocations: 1e9 }, /2 GiB/],
    ['7 bits', { kind: 'trie', prefixBits: 7 }, /from 8 to 40/],
    ['41 bits', { kind: 'trie', prefixBits: 41 }, /from 8 to 40/],
  ]
  it.each(refused)('createPrefilter refuses %s', async (_, options, message) => {
    const made = createPrefilter(options as PrefilterOptions)
    await expect(made).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(message) as unknown,
    })
  })
})
