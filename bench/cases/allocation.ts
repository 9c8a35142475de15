import { PerformanceObserver } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { getHeapStatistics } from 'node:v8'
import { createRevocade, type TokenClaims } from '#dist/index.js'
import { sharedNo, TOLERATED } from '../engines/engine-workloads.js'
import { FullStore } from '../engines/full-store.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../harness/types.js'
import { freshClaims } from '../inputs/claims.js'
import { Random } from '../inputs/random.js'
import { sizesOf } from './sizes.js'

/** Checks in one go: well within the lease. */
const BATCH = 20_000

/** Kept, so that the allocation of the control can't be optimised away. */
const kept: { value: object } = { value: {} }

/**
 * Heap bytes that an operation leaves behind, the least over several runs. The young generation has room for
 * all of them (see the flags), so no collection hides anything; one that happens nevertheless spoils its run.
 */
async function bytesPerOperation(
  runs: number,
  prepare: () => TokenClaims[],
  operation: (claims: TokenClaims) => boolean,
): Promise<number> {
  let collections = 0
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length
  })
  observer.observe({ entryTypes: ['gc'] })
  let least = Infinity
  for (let i = 0; i < runs; i++) {
    const claims = prepare()
    globalThis.gc?.()
    await setTimeout(5)
    collections = 0
    const before = getHeapStatistics().used_heap_size
    let right = 0
    for (const one of claims) if (operation(one)) right++
    const after = getHeapStatistics().used_heap_size
    assertAnswer(right >= claims.length * (1 - TOLERATED), 'tokens that nobody revoked are not active')
    await setTimeout(5)
    if (collections === 0) least = Math.min(least, (after - before) / claims.length)
  }
  observer.disconnect()
  return least
}

async function run(context: Context): Promise<Row[]> {
  const { entries: size, runs } = sizesOf('allocation', context.scale)
  const random = new Random(context.seed, 'allocation')
  await using engine = await createRevocade({ store: new FullStore(size, random) })
  const no = sharedNo(engine, random)
  const prepare = (): TokenClaims[] => Array.from({ length: BATCH }, () => freshClaims(random))
  const measure = (operation: (claims: TokenClaims) => boolean): Promise<number> =>
    bytesPerOperation(runs, prepare, operation)
  // Shows that the scale weighs: an object of one field is some 16 bytes or more.
  const control = await measure((claims) => {
    kept.value = { claims }
    return true
  })
  assertAnswer(control > 12, `the scale shows ${control} bytes for an object`)
  const until = process.hrtime.bigint() + 3_600_000_000_000n
  const row = (what: string, value: number): Row => ({ what, value, unit: 'bytes', target: atMost(1) })
  return [
    row('isClearlyActive', await measure((claims) => engine.isClearlyActive(claims))),
    row('isRevoked', await measure((claims) => engine.isRevoked(claims) === no)),
    row('its clock read, compared', await measure(() => process.hrtime.bigint() < until)),
    { what: 'an object of one field, to show that the scale weighs', value: control, unit: 'bytes' },
  ]
}

export const allocation: Case = {
  name: 'allocation',
  title: 'Heap allocated per check, 1 M live revocations (store in memory)',
  nodeFlags: ['--expose-gc', '--max-semi-space-size=128', '--min-semi-space-size=128'],
  run,
}
