import type { Mistake } from './plant.js'

const PAGE = 'test/server/page.test.ts'
const LIST = 'test/server/page-list.test.ts'
const UNDO = 'test/engine/undo.test.ts'

/** Mistakes about who may do what on the admin page, and about what is taken back. */
export const PAGE_MISTAKES: readonly Mistake[] = [
  {
    name: 'a form is taken without the CSRF token of the login',
    file: 'server/page/guard.ts',
    within: 'actor',
    is: 'if (!login.hasCsrf(form.get(CSRF_FIELD)))',
    becomes: 'if (login.hasCsrf(form.get(CSRF_FIELD)) && false)',
    caughtBy: PAGE,
    breaks: /× needs the CSRF token of this login/,
  },
  {
    name: 'a form of another site is taken',
    file: 'server/page/guard.ts',
    within: 'requireSameOrigin',
    is: 'if (isSameOrigin(headers)) return',
    becomes: 'if (isSameOrigin(headers) || true) return',
    caughtBy: PAGE,
    breaks: /× from another site is refused/,
  },
  {
    name: 'a viewer may take back',
    file: 'server/page/guard.ts',
    within: 'requireRole',
    is: "admin.role !== 'editor'",
    becomes: 'admin.name.length === 0',
    caughtBy: LIST,
    breaks: /× is for editors/,
  },
  {
    name: 'what is taken back is what stands there, not what was seen',
    file: 'engine/revoke.ts',
    within: 'undo',
    is: '[{ digest: bytes, seq }]',
    becomes: '[]',
    caughtBy: UNDO,
    breaks: /× writes nothing when somebody revokes it again before the commit/,
  },
  {
    name: 'who took a revocation back is told of another time',
    file: 'engine/undo.ts',
    within: 'takenBackBy',
    is: 'mark !== undefined && mark.seq > row.seq && mark.revokedAt === row.revokedAt',
    becomes: 'mark !== undefined',
    caughtBy: UNDO,
    breaks: /× is noted in the same commit, and told of the last time only/,
  },
]
