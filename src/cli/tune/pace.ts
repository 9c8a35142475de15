import { createPrefilter } from '../../prefilter/create.js'
import { activeNs, DEFAULT_COSTS } from '../../tuning/costs.js'
import { median } from '../statistics.js'
import { digestSource } from './digests.js'
import { openReadPath } from './read-path.js'
import { timeChecks } from './timing.js'

/** Revocations in the filter of the reference checks. */
const ENTRIES = 100_000
/** Checks of a round, timed as a whole and one by one. All rounds take a fifth of a second. */
const CHECKS = 2048
const ROUNDS = 15
/** Rounds before those that count: the engine's code is compiled meanwhile. */
const WARM_UP = 15
const ROUND_LIMIT_MS = 200

/** Measures how fast checks are on this machine at the moment. */
export interface PaceMeter extends AsyncDisposable {
  /** The time of a check ÷ that on the benchmark machine of {@link DEFAULT_COSTS}. */
  readonly measure: () => Promise<number>
}

/** Opens a meter: it checks active tokens through the engine's read path, over a small Bloom filter. */
export async function openPaceMeter(): Promise<PaceMeter> {
  const prefilter = await createPrefilter({ kind: 'bloom', expectedRevocations: ENTRIES })
  const random = digestSource(2)
  const digest = new Int32Array(4)
  for (let i = 0; i < ENTRIES; i++) prefilter.add(random(digest))
  const path = await openReadPath(prefilter, { storeReadNs: 0 })
  const expectedNs = activeNs(DEFAULT_COSTS, 'bloom', prefilter.bytes, ENTRIES)
  let checked = 0
  const timed = async (rounds: number): Promise<number> => {
    const means: number[] = []
    while (means.length < rounds) {
      const { mean } = await timeChecks(path.lookup, () => `reference-${checked++}`, CHECKS, ROUND_LIMIT_MS)
      means.push(mean)
    }
    return median(means)
  }
  await timed(WARM_UP)
  return { ...path, measure: async () => (await timed(ROUNDS)) / expectedNs }
}
