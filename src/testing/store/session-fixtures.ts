import assert from 'node:assert/strict'
import type {
  Committed,
  RevocationStore,
  SessionCommit,
  SessionGroup,
  SessionRow,
  SessionStore,
  StoreContext,
  StoredSession,
} from '../../ports/index.js'
import { digestOf, NOW, openStore } from './fixtures.js'
import type { StoreFixture, SuiteIt } from './harness.js'

/** An opened store that keeps refresh tokens. */
export interface SessionFixture {
  readonly store: RevocationStore
  readonly sessions: SessionStore
  /** Opens another store on the same data. */
  readonly another: (overrides?: Partial<StoreContext>) => Promise<Omit<SessionFixture, 'another'>>
}

/** Defines tests that pass where a store keeps no refresh tokens. */
export function sessionTests(
  it: SuiteIt,
): (title: string, test: (fixture: SessionFixture) => Promise<void>) => void {
  return (title, test) =>
    it(title, async ({ connect }) => {
      const first = await opened(connect)
      if (first === undefined) return
      const another = async (overrides: Partial<StoreContext> = {}) => {
        const next = await opened(connect, overrides)
        assert.ok(next !== undefined)
        return next
      }
      await test({ ...first, another })
    })
}

async function opened(
  connect: StoreFixture['connect'],
  overrides: Partial<StoreContext> = {},
): Promise<Omit<SessionFixture, 'another'> | undefined> {
  const { store } = await openStore(connect(), overrides)
  return store.sessions === undefined ? undefined : { store, sessions: store.sessions }
}

/** The n-th of a series of scattered families. */
export const familyOf = (n: number): Uint8Array => digestOf(n + 1_000_000)

/** The row of the n-th family: its sid is the n-th, too. */
export function session(n: number, overrides: Partial<SessionRow> = {}): SessionRow {
  return {
    family: familyOf(n),
    sid: `login-${n}`,
    clientId: '',
    sub: 'user',
    createdAt: NOW + n,
    purgeAt: NOW + 90 * 86_400_000,
    state: Uint8Array.of(n),
    ...overrides,
  }
}

/** Commits; what is left out of the commit is empty. */
export async function commit(
  sessions: SessionStore,
  parts: Partial<SessionCommit>,
): Promise<Committed | undefined> {
  return sessions.commit({ conditions: [], put: [], mutations: [], ...parts })
}

/** Puts rows, on no condition. */
export async function put(sessions: SessionStore, ...rows: SessionRow[]): Promise<void> {
  assert.ok((await commit(sessions, { put: rows })) !== undefined)
}

/** The version of the n-th family; 0 if there is no row. */
export async function versionOf(sessions: SessionStore, n: number): Promise<number> {
  return (await sessions.get(familyOf(n)))?.version ?? 0
}

/** The condition that the n-th family has the version that it has now. */
export async function unchanged(sessions: SessionStore, n: number) {
  return { family: familyOf(n), version: await versionOf(sessions, n) }
}

/** All rows of a group, page by page, oldest first by `createdAt`, then by `family`. */
export async function listed(
  sessions: Pick<SessionStore, 'list'>,
  group: SessionGroup,
  limit = 100,
): Promise<StoredSession[]> {
  const rows: StoredSession[] = []
  let next: string | undefined
  do {
    const page = await sessions.list(group, next, limit)
    assert.ok(page.rows.length <= limit)
    rows.push(...page.rows)
    next = page.next
  } while (next !== undefined)
  return rows.toSorted((a, b) => a.createdAt - b.createdAt || Buffer.compare(a.family, b.family))
}

/** The condition that a group is as it is now. */
export async function groupUnchanged(sessions: SessionStore, group: SessionGroup) {
  return asListed(group, await listed(sessions, group))
}

/** The condition that a group is as it was listed. */
export function asListed(group: SessionGroup, rows: readonly StoredSession[]) {
  return { group, rows: rows.length, newest: Math.max(0, ...rows.map(({ version }) => version)) }
}

/** The sids of a group, in the order of the list. */
export async function sidsOf(sessions: SessionStore, group: SessionGroup): Promise<string[]> {
  return (await listed(sessions, group)).map(({ sid }) => sid)
}

/** Bytes that differ from one another; the same ones for the same arguments. */
export const bytes = (length: number, first = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => first * 31 + i * 7 + 1)
