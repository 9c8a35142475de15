import type {
  Committed,
  SessionCommit,
  SessionGroup,
  SessionStore,
  StoredSession,
} from '../../ports/index.js'
import { requireFamily, requireGroup, requireSessionCommit } from '../format/session.js'
import type { OpenRedis } from './open-store.js'

/**
 * The part of a store in Redis that keeps refresh tokens. A commit takes its turn among the mutations of its
 * batch, in the same script (scripts/session-part.ts).
 */
export class RedisSessions implements SessionStore {
  readonly #open: () => OpenRedis

  /** @param open throws when the store is not open */
  constructor(open: () => OpenRedis) {
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
