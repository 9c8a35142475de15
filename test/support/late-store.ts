import type { RevocationStore, SessionCommit } from 'revocade/ports'
import type { MemoryStore } from '#dist/testing/index.js'

/** Runs before and after each access, so that a test decides what comes between. */
export type Gate = (label: string) => Promise<void>

/** Called in the instant of each commit. */
export interface Witness {
  readonly committed: (commit: SessionCommit) => void
  readonly written: () => void
}

/** A store in memory that answers late, as a server does. */
export function lateStore(store: MemoryStore, gate: Gate, witness: Witness): RevocationStore {
  const late = async <T>(label: string, answer: () => T | Promise<T>): Promise<T> => {
    await gate(`${label}: request`)
    const value = await answer()
    await gate(`${label}: reply`)
    return value
  }
  const { sessions } = store
  return {
    kind: 'late',
    sessions: {
      get: (family) => late('get session', () => sessions.get(family)),
      // A row on each page, so that anything can come between two of them.
      list: (group, from) => late('list', () => sessions.list(group, from, 1)),
      page: (after, limit) => late('page', () => sessions.page(after, limit)),
      salt: (minute) => late('salt', () => sessions.salt(minute)),
      dropSalts: (before) => sessions.dropSalts(before),
      commit: (commit) =>
        late('commit', async () => {
          const committed = await sessions.commit(commit)
          if (committed !== undefined) witness.committed(commit)
          return committed
        }),
    },
    open: (context) => store.open(context),
    get: (digest) => late('get', () => store.get(digest.slice())),
    poll: (after, limit, seen) => late('poll', () => store.poll(after, limit, seen)),
    scan: (liveAfter) => store.scan(liveAfter),
    write: (mutations) =>
      late('write', async () => {
        const committed = await store.write(mutations)
        witness.written()
        return committed
      }),
    list: (query) => store.list(query),
    stats: () => store.stats(),
    close: () => store.close(),
  }
}
