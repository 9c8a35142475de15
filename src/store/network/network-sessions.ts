import type {
  Committed,
  SessionCommit,
  SessionGroup,
  SessionPage,
  SessionStore,
  StoredSession,
} from '../../ports/index.js'
import { requireFamily, requireGroup, requireSessionCommit } from '../format/session.js'

/** What is used of an open store across a network. */
export interface OpenSessions {
  readonly reader: { readonly sessions: Pick<SessionStore, 'get' | 'list' | 'page' | 'salt'> }
  /** @param dropBefore - salts of earlier minutes are deleted in the same commit */
  commitSessions(commit: SessionCommit, dropBefore?: number): Promise<Committed | undefined>
}

/** The part of a store across a network that keeps refresh tokens. It refuses what no store can keep. */
export class NetworkSessions implements SessionStore {
  readonly #open: () => OpenSessions

  /** @param open - throws when the store is not open */
  constructor(open: () => OpenSessions) {
    this.#open = open
  }

  async get(family: Uint8Array): Promise<StoredSession | undefined> {
    requireFamily(family)
    return this.#open().reader.sessions.get(family)
  }

  async list(group: SessionGroup, from: string | undefined, limit: number): Promise<SessionPage> {
    requireGroup(group)
    return this.#open().reader.sessions.list(group, from, limit)
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
