import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRevocade, type TokenClaims } from '#dist/index.js'
import { atLeast, type Context, type Row } from '../../harness/types.js'
import { freshClaims } from '../../inputs/claims.js'
import type { Random } from '../../inputs/random.js'
import { inputs, storeFile } from '../../inputs/store-file.js'
import { sizesOf } from '../sizes.js'
import { IN_FLIGHT, revokeAll } from './burst.js'

/**
 * Bursts into a store that holds a million, in turns with bursts into empty ones, each into a new one. What
 * counts is all rows in all the time, because only some bursts fold the log.
 */
export async function largeStore(context: Context, random: Random): Promise<Row> {
  const { held, logged, turns, burst: count } = sizesOf('revoke', context.scale)
  const tokens = (): TokenClaims[] => Array.from({ length: count }, () => freshClaims(random))
  const path = join(context.directory, 'revoke-large.db')
  copyFileSync(await storeFile(context, held), path)
  await using large = await createRevocade({ store: path, snapshot: false })
  // Its log gets the length that it keeps.
  await large.revokeMany(inputs({ ...context, seed: `${context.seed}, others` }, logged))
  let inLarge = 0
  let inEmpty = 0
  for (let i = 0; i < turns; i++) {
    await using empty = await createRevocade({
      store: join(context.directory, `revoke-empty-${i}.db`),
      snapshot: false,
    })
    inEmpty += await revokeAll(empty, tokens())
    inLarge += await revokeAll(large, tokens())
  }
  const rate = (time: number): string => `${((turns * count) / time).toFixed(0)}/s`
  return {
    what: `${IN_FLIGHT} in flight: store that holds ${held.toLocaleString('en')} rows ÷ empty store`,
    value: inEmpty / inLarge,
    unit: 'x',
    target: atLeast(0.6),
    from: `${rate(inLarge)} ÷ ${rate(inEmpty)}, ${turns} bursts of ${count.toLocaleString('en')} each`,
  }
}
