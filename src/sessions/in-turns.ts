import { setImmediate as nextTurn } from 'node:timers/promises'

/** Sessions that are read, judged or ended before checks get their turn: a user may have any number. */
export const AT_ONCE = 500

/** Does something for each of many, and lets checks get their turn in between. */
export async function inTurns<T, R>(items: readonly T[], each: (item: T) => R): Promise<R[]> {
  const results: R[] = []
  for (const item of items) {
    if (results.length > 0 && results.length % AT_ONCE === 0) await nextTurn()
    results.push(each(item))
  }
  return results
}
