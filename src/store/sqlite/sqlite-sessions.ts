import type {
  Committed,
  SessionCommit,
  SessionGroup,
  SessionPage,
  SessionStore,
  StoredSession,
} from '../../ports/index.js'
import { requireFamily, requireGroup, requireSessionCommit } from '../format/session.js'
import type { OpenStore } from './open-store.js'

/**
 * The part of an SQLite store that keeps refresh tokens. Reads are answered by the calling thread; a commit
 * takes its turn among the writes, see `SqliteStore`.
 */
export class SqliteSessions implements SessionStore {
  readonly #open: () => OpenStore

  /** @param open throws when the store is not open */
  constructor(open: () => OpenStore) {
    this.#open = open
  }

  get(family: Uint8Array): StoredSession | undefined {
    requireFamily(family)
    return this.#open().readSessions((sessions) => sessions.get(family))
  }

  list(group: SessionGroup, from: string | undefined, limit: number): SessionPage {
    requireGroup(group)
    return this.#open().readSessions((sessions) => sessions.list(group, from, limit))
  }

  page(after: Uint8Array | undefined, limit: number): readonly StoredSession[] {
    if (after !== undefined) requireFamily(after)
    return this.#open().readSessions((sessions) => sessions.page(after, limit))
  }

  salt(minute: number): Uint8Array | undefined {
    return this.#open().readSessions((sessions) => sessions.salt(minute))
  }

  async dropSalts(before: number): Promise<void> {
    await this.#open().commitSessions({ conditions: [], put: [], mutations: [], dropBefore: before })
  }

  async commit(commit: SessionCommit): Promise<Committed | undefined> {
    requireSessionCommit(commit)
    return this.#open().commitSessions({ ...commit, dropBefore: 0 })
  }
}
