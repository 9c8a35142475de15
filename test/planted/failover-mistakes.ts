import type { Mistake } from './plant.js'

const HISTORIES = 'test/engine/histories.test.ts'

/** Mistakes about a store that loses commits, or whose commits are uncertain. */
export const FAILOVER_MISTAKES: readonly Mistake[] = [
  {
    name: 'a follower goes on from a page that was no end',
    file: 'engine/sync.ts',
    within: '#apply',
    is: 'if (!answer.more) this.#histories',
    becomes: 'this.#histories',
    caughtBy: 'test/engine/interleavings.test.ts',
    breaks: /3: .* active too late/,
  },
  {
    name: 'a filter is trusted that was scanned in a lost history',
    file: 'engine/sync.ts',
    within: '#verify',
    is: 'this.#unverified = filledFrom',
    becomes: '',
    caughtBy: HISTORIES,
    breaks: /× .*no poll can notice/,
  },
  {
    name: 'a revocation is written again although it was taken back',
    file: 'engine/cursor.ts',
    within: '#applyChange',
    is: 'else this.#deps.own.takenBack(digest, seq)',
    becomes: '',
    caughtBy: HISTORIES,
    breaks: /× .*if another engine took them back/,
  },
]
