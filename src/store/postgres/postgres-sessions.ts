import type {
  Committed,
  SessionCommit,
  SessionGroup,
  SessionStore,
  StoredSession,
} from '../../ports/index.js'
import { requireFamily, requireGroup, requireSessionCommit } from '../format/session.js'
import type { OpenPostgres } from './open-store.js'

/**
 * The part of a store on PostgreSQL that keeps refresh tokens. Commits that wait are one call of
 * `commit_sessions_v1` (session-functions.ts), under the lock that every writer takes.
 */
export class PostgresSessions implements SessionStore {
  readonly #open: () => OpenPostgres

  /** @param open throws when the store is not open */
  constructor(open: () => OpenPostgres) {
    this.#open = open
  }

  async get(family: Uint8Array): Promise<StoredSession | undefined> {
    requireFamily(family)
    return this.#open().reader.sessions.get(family)
  }

  async list(group: SessionGroup): Promise<readonly StoredSession[]> {
    requireGroup(group)
    return this.#open().reader.sessions.list(group)
  }

  async page(after: Uint8Array | undefined, limit: number): Promise<readonly StoredSession[]> {
    if (after !== undefined) requireFamily(after)
    return this.#open().reader.sessions.page(after, limit)
  }

  async salt(minute: number): Promise<Uint8Array | undefined> {
    return this.#open().reader.sessions.salt(minute)
  }

  async dropSalts(before: number): Promise<void> {
    await this.#open().commitSessions({ conditions: [], put: [], mutations: [] }, before)
  }

  async commit(commit: SessionCommit): Promise<Committed | undefined> {
    requireSessionCommit(commit)
    return this.#open().commitSessions(commit)
  }
}
