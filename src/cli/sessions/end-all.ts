import type { RevocationStore, StoredSession } from '../../ports/index.js'
import type { EndOptions, Sessions, SessionsReceipt } from '../../sessions/index.js'
import { isExpired, readFamily } from '../../sessions/state.js'
import { combineStates } from '../output/redis-receipt.js'

/** Rows that are read at a time. */
const PAGE = 1000
/** Users whose sessions are ended at a time: the store commits them together. */
const AT_ONCE = 64

/** Ends the sessions of all users, one user after the other; those that begin meanwhile may go on. */
export async function endAll(
  sessions: Sessions,
  { sessions: rows }: RevocationStore,
  options: EndOptions,
): Promise<SessionsReceipt | undefined> {
  let total: SessionsReceipt | undefined
  let page: readonly StoredSession[] = []
  do {
    page = (await rows?.page(page.at(-1)?.family, PAGE)) ?? []
    const users = [...new Set(page.filter(isOpen).map(({ sub }) => sub))]
    while (users.length > 0) {
      const ends = users.splice(0, AT_ONCE).map((sub) => sessions.revoke({ sub }, options))
      for (const receipt of await Promise.all(ends)) total = added(total, receipt)
    }
  } while (page.length > 0)
  return total
}

/** Whether a row is of a session that its refresh token would go on with. */
export function isOpen(row: StoredSession): boolean {
  const family = readFamily(row)
  return family.ended === undefined && !isExpired(family, Date.now())
}

function added(total: SessionsReceipt | undefined, one: SessionsReceipt): SessionsReceipt {
  if (total === undefined) return one
  return {
    ...one,
    seq: Math.max(total.seq, one.seq),
    ended: total.ended + one.ended,
    redis: combineStates([total.redis, one.redis]),
  }
}
