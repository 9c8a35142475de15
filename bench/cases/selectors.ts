import { createRevocade } from '#dist/index.js'
import { assertAnswers, IsClearlyActive } from '../engines/engine-workloads.js'
import { FullStore } from '../engines/full-store.js'
import { interleave, measurements, of } from '../harness/measure.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../harness/types.js'
import { EXPIRES_AT, freshClaims } from '../inputs/claims.js'
import { Random } from '../inputs/random.js'
import { sizesOf } from './sizes.js'

const REVOKED = 1000

/**
 * The same engine twice, one with live revocations by `sub` and by `sid`: each of its checks makes three
 * digests.
 */
async function run(context: Context): Promise<Row[]> {
  const { entries: size, rounds } = sizesOf('selectors', context.scale)
  const random = new Random(context.seed, 'selectors')
  await using plain = await createRevocade({ store: new FullStore(size, random) })
  await using selecting = await createRevocade({ store: new FullStore(size, random) })
  const tokens = Array.from({ length: REVOKED }, () => freshClaims(random))
  for (const [i, { sub, sid }] of tokens.entries()) {
    await selecting.revokeWhere(i % 2 === 0 ? { sub: String(sub) } : { sid: String(sid) }, {
      expiresAt: EXPIRES_AT,
    })
  }
  assertAnswer(selecting.stats().selectors.live.length === 2, 'the live selectors are not sub and sid')
  await assertAnswers(selecting, tokens, random)
  await assertAnswers(plain, [], random)

  const timings = await interleave(
    [new IsClearlyActive(random, plain, 'without'), new IsClearlyActive(random, selecting, 'with')],
    { rounds, batch: 512 },
  )
  context.record(measurements(timings, size))
  const [without, withBoth] = [of(timings, 'without').p50, of(timings, 'with').p50]
  return [
    {
      what: 'with live sub and sid revocations ÷ without',
      value: withBoth / without,
      unit: 'x',
      target: atMost(2.2),
      from: `${withBoth.toFixed(0)} ns ÷ ${without.toFixed(0)} ns`,
    },
  ]
}

export const selectors: Case = {
  name: 'selectors',
  title: 'isClearlyActive with live selectors, 1 M live revocations (store in memory)',
  run,
}
