import type { Case, Context, Measurement, Row } from '../harness/types.js'
import type { Mix } from '../inputs/query-stream.js'
import { Run } from './prefilter/run.js'
import { sizesOf } from './sizes.js'

async function run(context: Context): Promise<Row[]> {
  const measured = new Run(context)
  await measured.all()
  context.record(measured.results)
  const { matrix } = sizesOf('prefilter', context.scale)
  const at = (engine: string, operation: string, mix?: Mix): Measurement | undefined =>
    measured.results.findLast(
      (one) =>
        one.engine === engine &&
        one.operation === operation &&
        one.keys === 'uuidv4' &&
        one.mix === mix &&
        one.n <= matrix,
    )
  const engines = [...new Set(measured.results.map(({ engine }) => engine))].filter(
    (engine) => engine !== 'bloom',
  )
  const ratio = (engine: string, operation: string, mix?: Mix): Row[] => {
    const [one, bloom] = [at(engine, operation, mix), at('bloom', operation, mix)]
    if (one === undefined || bloom === undefined) return []
    return [
      {
        what: `${[operation, mix].filter((part) => part !== undefined).join(', ')}: ${engine} ÷ bloom`,
        value: one.p50Ns / bloom.p50Ns,
        unit: 'x',
        from:
          `${one.p50Ns.toFixed(0)} ns with ${one.n.toLocaleString('en')} ÷ ` +
          `${bloom.p50Ns.toFixed(0)} ns with ${bloom.n.toLocaleString('en')}` +
          (one.bytesPerEntry === undefined
            ? ''
            : `; ${one.bytesPerEntry.toFixed(1)} and ${bloom.bytesPerEntry?.toFixed(1)} bytes an entry`),
      },
    ]
  }
  const lost = measured.results.filter(({ falseNegatives = 0 }) => falseNegatives > 0)
  return [
    ...engines.flatMap((engine) => ratio(engine, 'has', 'miss')),
    ...engines.flatMap((engine) => ratio(engine, 'build')),
    {
      what: 'measurements of a filter with false negatives',
      value: lost.length,
      unit: '',
      from: [...new Set(lost.map(({ engine }) => engine))].join(', '),
    },
  ]
}

export const prefilter: Case = {
  name: 'prefilter',
  title: 'Sets of keys: ours, and what others would take',
  // A set of ten million strings takes more than a gigabyte, and twice that while it grows.
  nodeFlags: ['--expose-gc', '--max-old-space-size=12288'],
  run,
}
