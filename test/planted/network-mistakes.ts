import type { Mistake } from './plant.js'

const SIMULATED = 'test/simulation/network-stores.test.ts'
const SESSIONS = 'test/store/sessions.test.ts'
const REDIS_SESSIONS = 'test/redis-store/sessions.test.ts'

/** Mistakes of the stores across a network that a simulated server shows. */
export const NETWORK_MISTAKES: readonly Mistake[] = [
  {
    name: 'a commit that PostgreSQL does not have is taken for made',
    file: 'store/postgres/durable-calls.ts',
    within: '#find',
    is: "if (row[0] === null || row[0] === undefined) throw toRevocadeError(lost, 'write')",
    becomes: '',
    caughtBy: SIMULATED,
    breaks: /1: \d+ acknowledged, not committed/,
  },
  {
    name: 'a commit on PostgreSQL whose answer was lost is made once more',
    file: 'store/postgres/durable-calls.ts',
    within: 'commit',
    is: 'return this.#find(outcome(), error)',
    becomes: `{ const values = [...apply.values]
      values[3] = '\\\\x' + String(values[3]).slice(2).split('').reverse().join('')
      return this.commit({ ...apply, values }, outcome) }`,
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
    among: /simulated Redis/,
    breaks: /once: \d+/,
  },
  {
    name: 'a batch is accepted by Redis after its time',
    file: 'store/redis/committer.ts',
    within: '#send',
    is: 'this.#clock.now() + timeoutMs',
    becomes: 'this.#clock.now() + 600_000',
    caughtBy: SIMULATED,
    among: /simulated Redis/,
    breaks: /a commit after its time/,
  },
  {
    name: 'the revocations of a commit of refresh tokens stand although it was refused',
    file: 'store/sqlite/write/session-writer.ts',
    within: '#judge',
    is: 'this.#refusedUpTo = commit.at + commit.mutations',
    becomes: '',
    caughtBy: SESSIONS,
    breaks: /× .*each judged in its turn/,
  },
  {
    name: 'a commit of refresh tokens in Redis does not see the one before it in its batch',
    file: 'store/redis/scripts/session-part.ts',
    within: 'SESSION_PART',
    is: 'local function setRow(family, r) rowsOf[family], changedRows[family] = r, true end',
    becomes:
      'local kept = {}; local function setRow(family, r) kept[family], changedRows[family] = r, true end',
    caughtBy: REDIS_SESSIONS,
    breaks: /× .*any commits do what they do/,
  },
]
