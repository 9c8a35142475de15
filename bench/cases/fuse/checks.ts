import { createRevocade, type Revocade } from '#dist/index.js'
import { assertAnswers, IsClearlyActive } from '../../engines/engine-workloads.js'
import { FullStore } from '../../engines/full-store.js'
import { interleave, measurement, of } from '../../harness/measure.js'
import { atMost, type Context, type Measurement, type Row } from '../../harness/types.js'
import { freshClaims } from '../../inputs/claims.js'
import { Random } from '../../inputs/random.js'
import { sizesOf } from '../sizes.js'
import { type Kind, KINDS } from './kinds.js'

/** The size whose memory and false positives are judged. */
const settledOf = (entries: readonly number[]): number => entries.findLast((n) => n <= 1e6) ?? 0

const nameOf = (kind: Kind, n: number): string => `${kind}, ${n.toLocaleString('en')} entries`

/** The question to settled engines of both kinds and all sizes, in turns. */
export async function checks(context: Context): Promise<Row[]> {
  const { entries, rounds, asked } = sizesOf('fuse', context.scale)
  const random = new Random(context.seed, 'fuse')
  const engines: { readonly kind: Kind; readonly n: number; readonly engine: Revocade }[] = []
  for (const n of entries) {
    for (const kind of KINDS) {
      const engine = await createRevocade({ store: new FullStore(n, random), prefilter: { kind } })
      await assertAnswers(engine, [], random)
      engines.push({ kind, n, engine })
    }
  }
  const timings = await interleave(
    engines.map(({ kind, n, engine }) => new IsClearlyActive(random, engine, nameOf(kind, n))),
    { rounds, batch: 512 },
  )
  const results = engines.map(({ kind, n, engine }): Measurement => ({
    ...measurement(of(timings, nameOf(kind, n)), { engine: kind, n, operation: 'isClearlyActive' }),
    bytesPerEntry: Number((engine.stats().prefilter.bytes / n).toPrecision(4)),
  }))
  context.record(results)
  const settled = settledOf(entries)
  const rate = falsePositives(engines.find((one) => one.kind === 'fuse' && one.n === settled)?.engine, {
    asked,
    random,
  })
  for (const { engine } of engines) await engine.close()
  return rowsOf(results, entries, { rate, asked })
}

function rowsOf(
  results: readonly Measurement[],
  entries: readonly number[],
  { rate, asked }: { readonly rate: number; readonly asked: number },
): Row[] {
  const at = (kind: Kind, n: number): Measurement => {
    const found = results.find((one) => one.engine === kind && one.n === n)
    if (found === undefined) throw new Error(`nothing was measured of ${nameOf(kind, n)}`)
    return found
  }
  const settled = settledOf(entries)
  const [first, last] = [entries.at(0) ?? 0, entries.at(-1) ?? 0]
  return [
    ...entries.map((n): Row => {
      const [one, other] = [at('fuse', n), at('bloom', n)]
      return {
        what: `isClearlyActive, ${n.toLocaleString('en')} entries: fuse ÷ bloom`,
        value: one.p50Ns / other.p50Ns,
        unit: 'x',
        ...(n === first ? {} : { target: atMost(n === settled ? 0.7 : 1.05) }),
        from: `${one.p50Ns.toFixed(0)} ns ÷ ${other.p50Ns.toFixed(0)} ns`,
      }
    }),
    {
      what: `isClearlyActive, fuse: ${last.toLocaleString('en')} entries ÷ ${first.toLocaleString('en')}`,
      value: at('fuse', last).p50Ns / at('fuse', first).p50Ns,
      unit: 'x',
      target: atMost(2.5),
      from: `${at('fuse', last).p50Ns.toFixed(0)} ns ÷ ${at('fuse', first).p50Ns.toFixed(0)} ns`,
    },
    {
      what: `memory of an entry, fuse, ${settled.toLocaleString('en')} entries, delta included`,
      value: at('fuse', settled).bytesPerEntry ?? 0,
      unit: 'bytes',
      target: atMost(2.6),
      from: `bloom: ${(at('bloom', settled).bytesPerEntry ?? 0).toFixed(2)} bytes`,
    },
    {
      what: `false positives in a million checks, fuse, ${settled.toLocaleString('en')} entries`,
      value: rate * 1e6,
      unit: '',
      target: atMost(30),
      from: `${Math.round(rate * asked)} in ${asked.toLocaleString('en')}; expected 15.3`,
    },
  ]
}

function falsePositives(
  engine: Revocade | undefined,
  { asked, random }: { readonly asked: number; readonly random: Random },
): number {
  let positives = 0
  for (let i = 0; i < asked; i++) if (engine?.isClearlyActive(freshClaims(random)) !== true) positives++
  return positives / asked
}
