import type { RevocationStore, StoredSession } from '../../ports/index.js'
import { isExpired, readFamily } from '../../sessions/state.js'
import { counted, isOrAre } from '../output/counted.js'
import { note, type NoteOptions } from '../output/print.js'

/** Rows that are read at a time. */
const PAGE = 1000

/** Whether a row is of a session that its refresh token would go on with. */
export function isOpen(row: StoredSession): boolean {
  const family = readFamily(row)
  return family.ended === undefined && !isExpired(family, Date.now())
}

/** All rows of sessions in a store, in pages; none where it keeps no sessions. */
export async function* sessionPages({
  sessions,
}: RevocationStore): AsyncGenerator<readonly StoredSession[], void, void> {
  let page: readonly StoredSession[] = []
  do {
    page = (await sessions?.page(page.at(-1)?.family, PAGE)) ?? []
    yield page
  } while (page.length > 0)
}

/** How many sessions of a store would go on. */
export async function countOpen(store: RevocationStore): Promise<number> {
  let open = 0
  for await (const page of sessionPages(store)) open += page.filter(isOpenOrUnknown).length
  return open
}

/** A copy of revocations must not fail because of sessions that a newer version wrote. */
function isOpenOrUnknown(row: StoredSession): boolean {
  try {
    return isOpen(row)
  } catch {
    return true
  }
}

/** Says that sessions are not copied with the revocations, where there are any. */
export function noteSessionsLeft(count: number, options: NoteOptions): void {
  if (count === 0) return
  const left = `${counted(count, 'live session')} ${isOrAre(count)} not copied`
  note(`${left}: their users log in again when services use the copy`, options)
}
