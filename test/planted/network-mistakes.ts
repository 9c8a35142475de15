import type { Mistake } from './plant.js'

const SIMULATED = 'test/simulation/network-stores.test.ts'

/** Mistakes of the stores across a network that a simulated server shows. */
export const NETWORK_MISTAKES: readonly Mistake[] = [
  {
    name: 'a commit that PostgreSQL does not have is taken for made',
    file: 'store/postgres/committer.ts',
    within: '#find',
    is: "if (seq === null || seq === undefined) throw toRevocadeError(lost, 'write')",
    becomes: '',
    caughtBy: SIMULATED,
    breaks: /1: \d+ acknowledged, not committed/,
  },
  {
    name: 'a commit on PostgreSQL whose answer was lost is made once more',
    file: 'store/postgres/committer.ts',
    within: 'commit',
    is: 'return this.#find(batch, error)',
    becomes: "return this.commit({ ...batch, tag: batch.tag.split('').reverse().join('') })",
    caughtBy: SIMULATED,
    breaks: /once: \d+/,
  },
  {
    name: 'a batch is sent to Redis again under another tag',
    file: 'store/redis/committer.ts',
    within: '#sendAgain',
    is: 'this.#send(batch)',
    becomes: 'this.#send({ ...batch, tag: randomBytes(8), number: ++this.#batches })',
    caughtBy: SIMULATED,
    breaks: /once: \d+/,
  },
  {
    name: 'a batch is accepted by Redis after its time',
    file: 'store/redis/committer.ts',
    within: '#send',
    is: 'this.#clock.now() + timeoutMs',
    becomes: 'this.#clock.now() + 600_000',
    caughtBy: SIMULATED,
    breaks: /a commit after its time/,
  },
]
