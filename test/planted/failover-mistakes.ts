import type { Mistake } from './plant.js'

const HISTORIES = 'test/engine/histories.test.ts'
const POSTGRES_FAULTS = 'test/postgres/faults.test.ts'

/** Mistakes about a store that loses commits, or whose commits are uncertain. */
export const FAILOVER_MISTAKES: readonly Mistake[] = [
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
  {
    name: 'a warning of the server during a commit is not heeded',
    file: 'store/postgres/committer.ts',
    within: '#hear',
    is: "severity === 'WARNING'",
    becomes: "severity === 'PANIC'",
    caughtBy: POSTGRES_FAULTS,
    breaks: /× .*ended is no acknowledgement/,
  },
  {
    name: 'a commit is accepted after its time',
    file: 'store/postgres/committer.ts',
    within: '#valuesOf',
    is: 'this.#timeoutMs',
    becomes: '600_000',
    caughtBy: POSTGRES_FAULTS,
    breaks: /× .*after its time is refused/,
  },
  {
    name: 'a position in PostgreSQL goes by its number alone',
    file: 'store/postgres/reader.ts',
    within: 'isPast',
    is: '(seq <= head.seq && tag === epoch)',
    becomes: 'seq <= head.seq || tag === epoch',
    caughtBy: 'test/postgres/store.test.ts',
    breaks: /× goes on from a common position after it lost commits/,
  },
  {
    name: 'a replica is asked',
    file: 'store/postgres/reader.ts',
    within: '#run',
    is: "if (inRecovery !== 'f') throw replica()",
    becomes: '',
    caughtBy: 'test/postgres/failover.test.ts',
    breaks: /× a replica is given no question/,
  },
]
