import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRevocade, type Revocade } from '#dist/index.js'
import { assertAnswers, AwaitedRevoke, IsClearlyActive } from '../engines/engine-workloads.js'
import { FullStore } from '../engines/full-store.js'
import { growth } from '../harness/growth.js'
import { interleave, measurement, of, seconds, type Timed, timing } from '../harness/measure.js'
import { duration } from '../harness/table.js'
import {
  assertAnswer,
  atMost,
  type Case,
  type Context,
  type Measurement,
  type Row,
} from '../harness/types.js'
import { Random } from '../inputs/random.js'
import { storeFile } from '../inputs/store-file.js'
import { counts, sizesOf } from './sizes.js'

interface Grown {
  readonly n: number
  readonly engine: Revocade
  /** Of which store. */
  readonly store: string
}

const nameOf = (store: string, n: number): string => `${store}, ${n.toLocaleString('en')} entries`

async function run(context: Context): Promise<Row[]> {
  const { memory, sqlite, rounds, writes, writeBatch } = sizesOf('scale', context.scale)
  const random = new Random(context.seed, 'scale')
  const results: Measurement[] = []
  const inMemory: Grown[] = []
  for (const [n, boots] of counts(memory)) {
    const { engine, timed } = await booted(boots, () => createRevocade({ store: new FullStore(n, random) }))
    await assertAnswers(engine, [], random)
    inMemory.push({ n, engine, store: 'memory' })
    const { bytes } = engine.stats().prefilter
    results.push({
      ...measurement(timed, { engine: 'memory', n, operation: 'boot' }),
      bytesPerEntry: Number((bytes / n).toPrecision(4)),
    })
  }
  const onDisk: Grown[] = []
  for (const [n, boots] of counts(sqlite)) {
    const store = join(context.directory, `scale-${n}.db`)
    // A copy: this case writes to it.
    copyFileSync(await storeFile(context, n), store)
    const { engine: first, timed: fromStore } = await booted(boots, () =>
      createRevocade({ store, snapshot: false }),
    )
    await first.close()
    await (await createRevocade({ store })).close() // leaves a snapshot
    const { engine, timed: fromSnapshot } = await booted(boots, () => createRevocade({ store }))
    assertAnswer(engine.stats().store.seq === n, 'revocations are missing')
    await assertAnswers(engine, [], random)
    onDisk.push({ n, engine, store: 'SQLite' })
    results.push(
      measurement(fromStore, { engine: 'SQLite', n, operation: 'boot' }),
      measurement(fromSnapshot, { engine: 'SQLite, from its snapshot', n, operation: 'boot' }),
    )
  }
  const checks = await interleave(
    inMemory.map(({ n, engine }) => new IsClearlyActive(random, engine, nameOf('memory', n))),
    { rounds, batch: 512 },
  )
  results.push(
    ...inMemory.map(({ n }) =>
      measurement(of(checks, nameOf('memory', n)), { engine: 'isClearlyActive', n, operation: 'check' }),
    ),
  )

  const grown = [...inMemory, ...onDisk]
  const revokes = grown.map((one) => new AwaitedRevoke(random, one.engine, nameOf(one.store, one.n)))
  const written = await interleave(revokes, { rounds: writes, batch: writeBatch })
  for (const one of revokes) await one.verify()
  results.push(
    ...grown.map(({ store, n }) =>
      measurement(of(written, nameOf(store, n)), { engine: store, n, operation: 'revoke' }),
    ),
  )
  for (const { engine } of grown) await engine.close()
  context.record(results)
  return rowsOf(results)
}

/** An engine started so many times, and left running the last time. */
async function booted(
  times: number,
  start: () => Promise<Revocade>,
): Promise<{ readonly engine: Revocade; readonly timed: Timed }> {
  const samples: number[] = []
  for (;;) {
    const { result: engine, seconds: time } = await seconds(start)
    samples.push(time * 1e9)
    if (samples.length === times) return { engine, timed: { ...timing(samples), samples, batch: 1 } }
    await engine.close()
  }
}

function rowsOf(results: readonly Measurement[]): Row[] {
  const of = (operation: string, engine: string): Measurement[] =>
    results.filter((one) => one.operation === operation && one.engine === engine)
  const grows = (
    what: string,
    measured: readonly Measurement[],
    value: (one: Measurement) => number,
    text: (value: number) => string,
  ): Row => {
    const points = measured.map((one) => ({ n: one.n, value: value(one) }))
    const { exponent, standardError } = growth(points)
    return {
      what: `${what}: growth exponent`,
      value: exponent,
      unit: '',
      from: `± ${standardError.toFixed(2)}; ${points.map((one) => text(one.value)).join(', ')}`,
    }
  }
  const time = (what: string, operation: string, engine: string): Row =>
    grows(what, of(operation, engine), ({ p50Ns }) => p50Ns, duration)
  const checks = of('check', 'isClearlyActive')
  const [first, ...larger] = [checks.at(0), ...checks.slice(1)]
  if (first === undefined) throw new Error('no check was measured')
  return [
    ...larger.map(({ n, p50Ns }): Row => ({
      what: `check: ${n.toLocaleString('en')} entries ÷ ${first.n.toLocaleString('en')} entries`,
      value: p50Ns / first.p50Ns,
      unit: 'x',
      target: atMost(2.5),
      from: `${p50Ns.toFixed(0)} ns ÷ ${first.p50Ns.toFixed(0)} ns`,
    })),
    time('check', 'check', 'isClearlyActive'),
    time('await revoke, store in memory', 'revoke', 'memory'),
    time('await revoke, SQLite', 'revoke', 'SQLite'),
    time('boot, store in memory', 'boot', 'memory'),
    time('boot, SQLite', 'boot', 'SQLite'),
    time('boot, SQLite, from the snapshot', 'boot', 'SQLite, from its snapshot'),
    grows(
      'bytes of the prefilter, with room for as many again and for 100,000 at the least',
      of('boot', 'memory'),
      ({ n, bytesPerEntry = 0 }) => bytesPerEntry * n,
      (bytes) => `${(bytes / 1e6).toPrecision(2)} MB`,
    ),
  ]
}

export const scale: Case = {
  name: 'scale',
  title: 'What a check, a revocation, a start and an entry cost as revocations grow',
  run,
}
