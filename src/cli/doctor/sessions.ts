import type { Stats } from 'node:fs'
import type { RevocationStore } from '../../ports/index.js'
import { shortTime } from '../input/time.js'
import { whole } from '../output/format-numbers.js'
import { isOpen } from '../sessions/open-rows.js'
import { type Finding, ok, warn } from './finding.js'

/** The most sessions that are looked at. They are in random order. */
const MOST = 10_000
/** Milliseconds by which clocks may differ. */
const TOLERANCE_MS = 60_000

const ADVICE =
  'A copy revives refresh tokens that were spent, and sessions that were ended, after it was made. ' +
  "Unless no service used the store in between, end all: 'revocade sessions end --all'."

/**
 * Looks at the sessions in a store: whether it may be a copy that was put in the place of a newer one.
 *
 * @param madeAt - milliseconds since 1970; undefined where the store can't tell
 */
export async function checkSessions(store: RevocationStore, madeAt?: number): Promise<Finding[]> {
  const rows = (await store.sessions?.page(undefined, MOST)) ?? []
  const live = rows.filter(isOpen)
  if (live.length === 0) return []
  const counted = `${whole(live.length)}${rows.length === MOST ? ' or more' : ''} live`
  const older = live.filter(({ createdAt }) => createdAt < (madeAt ?? 0) - TOLERANCE_MS)
  if (madeAt === undefined || older.length === 0)
    return [ok('sessions', `${counted}. After a restore from a copy: revocade sessions end --all`)]
  const made = `the file was made at ${shortTime(new Date(madeAt))}`
  return [warn('sessions', `${counted}, ${whole(older.length)} of them began before ${made}`, ADVICE)]
}

/** When a file was made, in milliseconds since 1970; undefined where the file system does not keep that. */
export function madeAtOf({
  birthtimeMs,
  ctimeMs,
}: Pick<Stats, 'birthtimeMs' | 'ctimeMs'>): number | undefined {
  // What Node.js says instead is the time of the last change.
  return birthtimeMs > 0 && birthtimeMs < ctimeMs ? birthtimeMs : undefined
}
