import { expect } from 'vitest'
import type {
  Mutation,
  RevocationStore,
  SessionCommit,
  SessionCondition,
  SessionGroup,
  SessionStore,
} from '#dist/ports/index.js'
import { MemoryStore } from '#dist/testing/index.js'
import { NOW, openStore, read, revoke, unrevoke } from '#dist/testing/store/fixtures.js'
import { bytes, commit, familyOf, listed, session } from '#dist/testing/store/session-fixtures.js'
import { random } from '../faults/matrix/random.js'

const GROUPS: readonly SessionGroup[] = [0, 1, 2, 3].flatMap((n) => [{ sub: `user-${n}` }, { sid: `s-${n}` }])

type Random = (below: number) => number
/** What a condition is about, and by how much it is wrong. */
type Wish = Readonly<{ kind: number; n: number; off: number }>
type Plan = Readonly<{ wishes: readonly Wish[]; rest: Omit<SessionCommit, 'conditions'> }>

interface Side {
  readonly store: RevocationStore
  readonly sessions: SessionStore
}

/**
 * Makes random commits in a store and in one in memory, some at once, and expects the same of both: which
 * were made, what became of their mutations, and all that is there afterwards.
 *
 * @param store - open and empty
 */
export async function compareWithModel(store: RevocationStore, seed: number, rounds: number): Promise<void> {
  const { sessions } = store
  if (sessions === undefined) throw new Error('the store keeps no refresh tokens')
  const model = (await openStore(new MemoryStore())).store
  if (model.sessions === undefined) throw new Error('the model keeps none')
  const sides: readonly Side[] = [
    { store, sessions },
    { store: model, sessions: model.sessions },
  ]
  const { below } = random(seed)
  for (let round = 0; round < rounds; round++) {
    const plans = Array.from({ length: 1 + below(6) }, () => planOf(below))
    const drop = below(5) === 0 ? below(4) : undefined
    const [ours, theirs] = await Promise.all(sides.map((side) => outcomes(side, plans, drop)))
    expect(ours, `round ${round} of seed ${seed}`).toEqual(theirs)
    const [here, there] = await Promise.all(sides.map(everything))
    expect(here, `after round ${round} of seed ${seed}`).toEqual(there)
  }
}

function planOf(below: Random): Plan {
  const some = <T>(most: number, make: () => T): T[] => Array.from({ length: below(most + 1) }, make)
  const wrong = (): number => (below(4) === 0 ? 1 : 0)
  const put = some(3, () => {
    const [n, sid, app, user] = [below(7), below(4), below(3), below(4)]
    const names = { sid: `s-${sid}`, clientId: ['', 'app', 'other'][app] ?? '', sub: `user-${user}` }
    return session(n, { ...names, createdAt: NOW + below(3), state: bytes(below(5), below(9)) })
  })
  const mutations = some(2, (): Mutation => {
    const n = below(4)
    return below(3) === 0 ? unrevoke(n) : revoke(n, { expiresAt: NOW / 1000 + 3600 + below(9) })
  })
  const wishes = some(2, () => ({ kind: below(4), n: below(7), off: wrong() }))
  const salt = below(3) === 0 ? { salt: { minute: below(4), salt: bytes(16, below(2)) } } : {}
  return { wishes, rest: { put, mutations, ...salt } }
}

/** What becomes of commits that are made at once, by what the store has before. */
async function outcomes({ store, sessions }: Side, plans: readonly Plan[], drop: number | undefined) {
  const planned = await Promise.all(
    plans.map(async ({ wishes, rest }) => {
      const conditions = await Promise.all(wishes.map((wish) => conditionOf({ store, sessions }, wish)))
      return { ...rest, conditions }
    }),
  )
  const made = planned.map((parts) => commit(sessions, parts))
  if (drop !== undefined) await sessions.dropSalts(drop)
  return (await Promise.all(made)).map((committed) => committed?.written ?? 'refused')
}

async function conditionOf({ store, sessions }: Side, { kind, n, off }: Wish): Promise<SessionCondition> {
  if (kind === 0) {
    const version = (await sessions.get(familyOf(n)))?.version ?? 0
    return { family: familyOf(n), version: version + off }
  }
  if (kind === 1) return { digest: revoke(n).digest, seq: ((await read(store, n))?.seq ?? 0) + off }
  const group = GROUPS[n] ?? { sub: '' }
  const rows = await listed(sessions, group)
  const newest = Math.max(0, ...rows.map(({ version }) => version))
  return kind === 2
    ? { group, rows: rows.length + off, newest }
    : { group, rows: rows.length, newest: Math.max(0, newest - off) }
}

/** All that a store has, but for the numbers of versions: only their order is the same everywhere. */
async function everything({ store, sessions }: Side): Promise<unknown> {
  const rows = await sessions.page(undefined, 100)
  const versions = rows.map(({ version }) => version).toSorted((a, b) => a - b)
  const plain = rows.map(({ version, ...row }) => ({ ...row, rank: versions.indexOf(version) }))
  const lists = await Promise.all(GROUPS.map(async (group) => listed(sessions, group, 3)))
  const families = lists.map((list) => list.map(({ family }) => Buffer.from(family).toString('hex')))
  const salts = await Promise.all([0, 1, 2, 3].map(async (minute) => sessions.salt(minute)))
  const revocations = await Promise.all([0, 1, 2, 3].map(async (n) => read(store, n)))
  return { plain, families, salts, revocations }
}
