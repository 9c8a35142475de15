import type {
  Committed,
  Mutation,
  SessionCommit,
  SessionCondition,
  SessionGroup,
  SessionPage,
  SessionRow,
  SessionStore,
  StoredSession,
} from '../ports/index.js'
import { requireFamily, requireGroup, requireSessionCommit } from '../store/format/session.js'

/** The refresh tokens of one namespace. */
export class SessionData {
  /** By family in hexadecimal. */
  rows = new Map<string, StoredSession>()
  /** By minute. */
  salts = new Map<number, Uint8Array>()
  /** The version that was given last. */
  version = 0

  /** Takes the content of another one. */
  restore({ rows, salts }: SessionData): void {
    this.rows = new Map(rows)
    this.salts = new Map(salts)
  }

  group(group: SessionGroup): StoredSession[] {
    const isOf = (row: StoredSession): boolean =>
      'sub' in group ? row.sub === group.sub : row.sid === group.sid
    return [...this.rows.values()].filter(isOf)
  }

  put(row: SessionRow): void {
    const { sid, clientId } = row
    for (const [id, other] of this.rows) {
      if (other.sid === sid && other.clientId === clientId) this.rows.delete(id)
    }
    this.rows.set(idOf(row.family), copied({ ...row, version: ++this.version }))
  }
}

/** What a store in memory is to its {@link MemorySessions}. */
export interface MemorySessionsOwner {
  readonly sessions: SessionData
  /** The number of the row of a digest; 0 if there is none. */
  readonly seqOf: (digest: Uint8Array) => number
  readonly write: (mutations: readonly Mutation[]) => Committed
}

/** The part of a store in memory that keeps refresh tokens. */
export class MemorySessions implements SessionStore {
  readonly #owner: () => MemorySessionsOwner

  /** @param owner throws when the store is not open */
  constructor(owner: () => MemorySessionsOwner) {
    this.#owner = owner
  }

  get(family: Uint8Array): StoredSession | undefined {
    requireFamily(family)
    const row = this.#owner().sessions.rows.get(idOf(family))
    return row === undefined ? undefined : copied(row)
  }

  list(group: SessionGroup, from: string | undefined, limit: number): SessionPage {
    requireGroup(group)
    const { sessions } = this.#owner()
    const later = sessions.group(group).filter(({ family }) => from === undefined || idOf(family) > from)
    const rows = later.toSorted(compareFamilies).slice(0, limit).map(copied)
    const last = rows.length < later.length ? rows.at(-1) : undefined
    return { rows, next: last && idOf(last.family), version: sessions.version }
  }

  page(after: Uint8Array | undefined, limit: number): readonly StoredSession[] {
    if (after !== undefined) requireFamily(after)
    const rows = [...this.#owner().sessions.rows.values()].toSorted(compareFamilies)
    const later = rows.filter(({ family }) => after === undefined || Buffer.compare(family, after) > 0)
    return later.slice(0, limit).map(copied)
  }

  salt(minute: number): Uint8Array | undefined {
    const salt = this.#owner().sessions.salts.get(minute)
    return salt === undefined ? undefined : Uint8Array.from(salt)
  }

  async dropSalts(before: number): Promise<void> {
    return Promise.resolve().then(() => {
      const { salts } = this.#owner().sessions
      for (const minute of salts.keys()) if (minute < before) salts.delete(minute)
    })
  }

  async commit(commit: SessionCommit): Promise<Committed | undefined> {
    return Promise.resolve(this.#commit(commit))
  }

  #commit(commit: SessionCommit): Committed | undefined {
    requireSessionCommit(commit)
    const owner = this.#owner()
    const { conditions, put, mutations, salt } = commit
    const { sessions } = owner
    const kept = salt === undefined ? undefined : sessions.salts.get(salt.minute)
    if (salt !== undefined && kept !== undefined && Buffer.compare(salt.salt, kept) !== 0) return undefined
    if (!conditions.every((condition) => isMet(owner, condition))) return undefined
    const committed = owner.write(mutations) // first: it may refuse them
    for (const row of put) sessions.put(row)
    if (salt !== undefined) sessions.salts.set(salt.minute, Uint8Array.from(salt.salt))
    return committed
  }
}

function isMet({ sessions, seqOf }: MemorySessionsOwner, condition: SessionCondition): boolean {
  if ('family' in condition)
    return (sessions.rows.get(idOf(condition.family))?.version ?? 0) === condition.version
  if ('digest' in condition) return seqOf(condition.digest) === condition.seq
  const rows = sessions.group(condition.group)
  return rows.length === condition.rows && rows.every(({ version }) => version <= condition.newest)
}

const idOf = (family: Uint8Array): string =>
  Buffer.from(family.buffer, family.byteOffset, family.byteLength).toString('hex')

const compareFamilies = (a: StoredSession, b: StoredSession): number => Buffer.compare(a.family, b.family)

const copied = (row: StoredSession): StoredSession => ({
  family: Uint8Array.from(row.family),
  version: row.version,
  sid: row.sid,
  clientId: row.clientId,
  sub: row.sub,
  createdAt: row.createdAt,
  purgeAt: row.purgeAt,
  state: Uint8Array.from(row.state),
})
