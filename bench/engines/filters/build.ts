import { setImmediate } from 'node:timers/promises'
import { rotated } from '../../harness/measure.js'
import type { Keys } from '../../inputs/keys.js'
import type { Filter } from './filter.js'
import type { Sized } from './make.js'

const PIECE = 16_384

/**
 * Fills filters in turns, a piece of the keys at a time, as `interleave` does. Keys that are added one by one
 * later are left out. Only a `Set` computes the hash of the pieces' strings, so they are new to each filter.
 *
 * @returns nanoseconds an entry.
 */
export async function build(sets: readonly Sized[], keys: Keys): Promise<Map<Filter, number>> {
  const ns = new Map<Filter, number>()
  const time = (filter: Filter, run: () => void): void => {
    const start = process.hrtime.bigint()
    run()
    ns.set(filter, (ns.get(filter) ?? 0) + Number(process.hrtime.bigint() - start))
  }
  const most = Math.max(...sets.map(wanted))
  for (let from = 0; from < most; from += PIECE) {
    const piece = keys.range(from, Math.min(most, from + PIECE))
    for (const set of rotated(sets, from / PIECE)) {
      const part = piece.slice(0, Math.max(0, wanted(set) - from))
      time(set.filter, () => set.filter.load(part))
    }
    await setImmediate()
  }
  for (const { filter } of sets) time(filter, () => filter.settle())
  return new Map(sets.map((set) => [set.filter, (ns.get(set.filter) ?? 0) / wanted(set)]))
}

const wanted = ({ n, adds }: Sized): number => n - adds
