import { describe, it } from 'vitest'
import type { PrefilterKind } from '#dist/ports/index.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import { prefilterSuite } from '#dist/testing/prefilter-suite.js'

const RATED: readonly PrefilterKind[] = ['bloom', 'fuse', 'bloom-filters']
for (const kind of [...RATED, 'trie', 'exact', 'none'] as const) {
  prefilterSuite({ describe, it }, kind, ({ expectedRevocations, falsePositiveRate }) => {
    const rate = RATED.includes(kind) && falsePositiveRate !== undefined ? { falsePositiveRate } : {}
    return createPrefilter({ kind, expectedRevocations, ...rate })
  })
}

for (const prefixBits of [8, 12, 16, 17, 24, 40]) {
  prefilterSuite({ describe, it }, `trie of ${prefixBits} bits`, ({ expectedRevocations }) =>
    createPrefilter({ kind: 'trie', expectedRevocations, prefixBits }),
  )
}
