import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { compareRecords, type Comparison, DRIFT } from './harness/comparison.js'
import { readRecord } from './harness/record.js'
import { duration } from './harness/table.js'

/** Prints how the figures of two records relate. */

const USAGE = `npm run bench:compare -- [options] A.json B.json
  --noise SHARE  changes up to this share are noise whatever the samples say (default: ${DRIFT})
  --json         the same as JSON

A change is marked if the 99 % intervals of the two medians do not overlap, and the medians differ by more
than --noise.`

const MARKS = { faster: '▼ faster', slower: '▲ slower', none: '' } as const

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      noise: { type: 'string', default: String(DRIFT) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const noise = Number(values.noise)
  const first = positionals.at(0)
  const second = positionals.at(1)
  if (values.help || first === undefined || second === undefined || positionals.length > 2 || !(noise >= 0)) {
    console.log(USAGE)
    return values.help ? 0 : 2
  }
  const comparison = compareRecords(readRecord(first), readRecord(second), noise)
  console.log(values.json ? JSON.stringify(comparison, null, 2) : format(comparison, noise))
  return 0
}

function format(
  { compared, onlyInFirst, onlyInSecond, differences, medianRatio }: Comparison,
  noise: number,
): string {
  const table = new Table({
    head: ['case', 'engine', 'n', 'A p50', 'B p50', 'B ÷ A', ''],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'left'],
  })
  for (const one of compared) {
    const [before, after] = one.p50Ns
    table.push([
      one.case,
      one.engine,
      one.n.toLocaleString('en'),
      duration(before),
      duration(after),
      one.ratio.toFixed(2),
      MARKS[one.change],
    ])
  }
  const changed = compared.filter(({ change }) => change !== 'none').length
  return [
    ...differences.map((line) => `differs: ${line}`),
    ...(compared.length > 0 ? [table.toString()] : []),
    ...onlyInFirst.map((line) => `only in A: ${line}`),
    ...onlyInSecond.map((line) => `only in B: ${line}`),
    `${compared.length} compared, ${changed} changed by more than noise ` +
      `(intervals of 99 % apart and more than ${noise * 100} %)` +
      (medianRatio === null ? '' : `; median ratio ${medianRatio.toFixed(2)}`),
  ].join('\n')
}

process.exitCode = main()
