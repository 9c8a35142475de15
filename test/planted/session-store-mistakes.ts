import type { Mistake } from './plant.js'

const EXPRESS = 'test/session-stores/express-session.test.ts'
const BETTER_AUTH = 'test/session-stores/better-auth.test.ts'

/** Mistakes about the stores that `revocable` and `revocableStorage` are around (W1). */
export const SESSION_STORE_MISTAKES: readonly Mistake[] = [
  {
    name: 'W1: a session that has ended is read from the store',
    file: 'session-stores/revocable.ts',
    within: 'read',
    is: "if (state === 'active') return session",
    becomes: 'if (state.length > 0) return session',
    caughtBy: EXPRESS,
    breaks: /× deletes on reading what another process put back/,
  },
  {
    name: 'W1: a session that has ended is written',
    file: 'session-stores/revocable.ts',
    within: 'write',
    is: "if ((await guard.stateOf(sid, session)) !== 'active') return",
    becomes: '',
    caughtBy: EXPRESS,
    breaks: /× set writes no session that is revoked/,
  },
  {
    name: 'W1: a session that ends while it is written stays in the store',
    file: 'session-stores/revocable.ts',
    within: 'write',
    is: "if (state === 'revoked-for-certain') await remove(sid)",
    becomes: 'void state',
    caughtBy: EXPRESS,
    breaks: /× deletes what a write put back that was under way/,
  },
  {
    name: 'W1: a logout deletes, and revokes nothing',
    file: 'session-stores/revocable.ts',
    within: 'destroy',
    is: 'await guard.revoke(sid)',
    becomes: '',
    caughtBy: EXPRESS,
    breaks: /× with revocable it stays gone after the logout/,
  },
  {
    name: 'the end of a session is forgotten before the store forgets the session',
    file: 'session-stores/session-guard.ts',
    within: 'revoke',
    is: 'this.#options.lifetimeSeconds + LATE_WRITE_SECONDS',
    becomes: 'LATE_WRITE_SECONDS',
    caughtBy: EXPRESS,
    breaks: /× keeps an end longer than the store keeps the session/,
  },
  {
    name: 'a session is ended with a cutoff, and lives on without a time of its own',
    file: 'session-stores/session-guard.ts',
    within: 'revoke',
    is: "issuedBefore: 'ever',",
    becomes: '',
    caughtBy: EXPRESS,
    breaks: /× keeps an end longer than the store keeps the session/,
  },
  {
    name: 'W1: a session of better-auth that has ended is read',
    file: 'session-stores/secondary-storage.ts',
    within: 'seen',
    is: '(await isRevoked(key, value)) ? NO_SESSION : value',
    becomes: 'key === NO_SESSION ? NO_SESSION : value',
    caughtBy: BETTER_AUTH,
    breaks: /× does not revive a session that is refreshed while it signs out/,
  },
]
