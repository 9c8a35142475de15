import { createRevocade, type Revocade } from '#dist/index.js'
import type { Filter } from '../../engines/filters/filter.js'
import { BloomfilterFilter, BloomFiltersFilter } from '../../engines/filters/peers.js'
import { FullStore } from '../../engines/full-store.js'
import { assertAnswer, atLeast, atMost, type Context, type Row } from '../../harness/types.js'
import { EXPIRES_AT } from '../../inputs/claims.js'
import { craftFalsePositives } from '../../inputs/crafted-ids.js'
import { Random } from '../../inputs/random.js'
import { sizesOf } from '../sizes.js'

/**
 * A hash without a key gives the same filter everywhere. An attacker who knows some revoked ids (his own
 * tokens, logged out) can find false positives on his own machine. He uses them to have other people's tokens
 * refused, or to send every check to the store. Our digests are keyed, so these ids are false positives no
 * more often than any others.
 */
export async function crafted(context: Context): Promise<Row[]> {
  const { entries, rate, fast, slow } = sizesOf('crafted', context.scale)
  const random = new Random(context.seed, 'crafted')
  await using engine = await createRevocade({
    // Alone: the search keeps the event loop from turning for longer than a lease lasts.
    store: new FullStore(0, random),
    exclusive: true,
    claims: [],
    prefilter: { kind: 'bloom', expectedRevocations: entries, falsePositiveRate: rate },
  })
  const revoked = Array.from({ length: entries }, () => random.uuid())
  await engine.revokeMany(revoked.map((jti) => ({ jti, expiresAt: EXPIRES_AT })))
  return [
    ...against(
      {
        name: 'bloomfilter (FNV-1a)',
        make: () => new BloomfilterFilter(entries, rate),
        count: fast,
      },
      { revoked, engine, rate },
    ),
    // Its seed is the same wherever it is installed.
    ...against(
      {
        name: 'bloom-filters (xxHash, its default seed)',
        make: () => new BloomFiltersFilter(entries, rate),
        count: slow,
      },
      { revoked, engine, rate },
    ),
  ]
}

/** A filter whose hash is known, and how many false positives are to be found in a copy of it. */
interface Target {
  readonly name: string
  readonly make: () => Filter
  readonly count: number
}

/** What both filters hold, ours in its engine, and the false-positive rate of both. */
interface Held {
  readonly revoked: readonly string[]
  readonly engine: Revocade
  readonly rate: number
}

function against({ name, make, count }: Target, { revoked, engine, rate }: Held): Row[] {
  const [theirs, copy] = [make(), make()]
  theirs.add(revoked)
  copy.add(revoked)
  // In the copy; the filter itself is asked only afterwards.
  const { ids, tried } = craftFalsePositives((id) => copy.count([id]) === 1, count, 'session-')
  const positives = theirs.count(ids)
  const ours = ids.filter((jti) => !engine.isClearlyActive({ jti, exp: EXPIRES_AT })).length
  const expected = ids.length * rate
  const some = revoked.slice(0, 500)
  assertAnswer(
    theirs.count(some) === some.length &&
      some.every((jti) => !engine.isClearlyActive({ jti, exp: EXPIRES_AT })),
    'a revoked token is not found',
  )
  return [
    {
      what: `${ids.length} ids crafted against ${name}: taken for revoked there`,
      value: positives,
      unit: '',
      target: atLeast(ids.length),
      from: `found in ${tried.toLocaleString('en')} tries; nominal rate ${rate}`,
    },
    {
      // Five standard deviations above what the rate lets expect.
      what: 'the same ids: not ruled out by our filter',
      value: ours,
      unit: '',
      target: atMost(Math.ceil(expected + 5 * Math.sqrt(expected))),
      from: `${expected} to be expected`,
    },
  ]
}
