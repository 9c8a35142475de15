import { createRevocade, type RevocadeOptions } from '#dist/index.js'
import { seconds } from '../harness/measure.js'
import { median } from '../harness/statistics.js'
import { atMost, type Case, type Context, type Row } from '../harness/types.js'
import { assertHolds, storeFile } from '../inputs/store-file.js'
import { sizesOf } from './sizes.js'

async function run(context: Context): Promise<Row[]> {
  const { entries: count, rounds } = sizesOf('boot', context.scale)
  const store = await storeFile(context, count)
  const opened = async (options: RevocadeOptions, answers: boolean): Promise<number> => {
    const { result: engine, seconds: time } = await seconds(() => createRevocade({ ...options, store }))
    if (answers) await assertHolds(context, engine, count)
    await engine.close()
    return time
  }
  await opened({}, true) // leaves a snapshot
  await opened({}, true)
  await opened({ snapshot: false }, true)
  const fromSnapshot: number[] = []
  const fromStore: number[] = []
  for (let round = 0; round < rounds; round++) {
    fromSnapshot.push(await opened({}, false))
    fromStore.push(await opened({ snapshot: false }, false))
  }
  const size = count.toLocaleString('en')
  const of = (times: readonly number[]): string =>
    `median of ${times.map((time) => time.toFixed(2)).join(', ')} s`
  return [
    {
      what: `createRevocade with ${size}, from the snapshot`,
      value: median(fromSnapshot),
      unit: 's',
      target: atMost(0.4),
      from: of(fromSnapshot),
    },
    {
      what: `createRevocade with ${size}, from the store`,
      value: median(fromStore),
      unit: 's',
      target: atMost(2.5),
      from: of(fromStore),
    },
  ]
}

export const boot: Case = { name: 'boot', title: 'Opening a SQLite store with 1 M live revocations', run }
