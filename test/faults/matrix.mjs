// Plays every fault in every cell of the fault matrix, and writes what was seen to docs/reliability.md:
//   npm run test:faults -- --minutes 20 [--seed N] [--cell postgres+none] [--fault 'hangs']
// Each cell is given an equal share of the minutes; on a fast machine 12 are enough for each fault to be played in each.
// A run of some cells or faults alone, as to repeat one that failed with its seed, writes nothing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { replaceSection, setting } from '../reliability-page.mjs'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    cell: { type: 'string', default: '' },
    fault: { type: 'string', default: '' },
  },
})
const folder = mkdtempSync(join(tmpdir(), 'revocade-matrix-'))
const file = join(folder, 'report')
const begin = new Date()
/** The cells of different stores are played at once: much of a round is waiting. */
const statuses = await Promise.all(
  (values.cell === '' ? ['sqlite+', 'postgres+', 'redis+'] : [values.cell]).map(async (cell) => {
    const args = ['node_modules/vitest/vitest.mjs', 'run', 'test/faults/matrix.test.ts']
    const env = {
      ...process.env,
      REVOCADE_MATRIX_MINUTES: values.minutes,
      REVOCADE_MATRIX_REPORT: file,
      REVOCADE_TEST_SEED: values.seed,
      REVOCADE_TEST_CELL: cell,
      REVOCADE_TEST_FAULT: values.fault,
    }
    const [status] = await once(spawn(process.execPath, args, { stdio: 'inherit', env }), 'exit')
    return status ?? 1
  }),
)
const status = Math.max(...statuses)
const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
rmSync(folder, { recursive: true })
const rounds = text === '' ? [] : text.split('\n').map((line) => JSON.parse(line))

const CHECKS = { no: 'right', maybe: 'right, or unknown', yes: 'unknown after Δ' }
const CHANGES = { no: 'acknowledged', maybe: 'acknowledged, or rejected', yes: 'rejected' }
const STORES = { sqlite: 'SQLite', postgres: 'PostgreSQL', redis: 'Redis store' }
const REDIS = ['none', 'single', 'sentinel', 'cluster']

const number = (value) => value.toLocaleString('en')
const sum = (list, of) => list.reduce((total, one) => total + of(one), 0)
const rejected = ({ refused }) => sum(Object.values(refused), (count) => count)

function row([, same]) {
  const [{ fault, cell, expected }] = same
  const cells = REDIS.map((redis) => same.filter((one) => one.cell.redis === redis).length || '–')
  const lost = expected.loses ? '; what was acknowledged before may be lost' : ''
  return [
    ...[fault, STORES[cell.store], CHECKS[expected.unknown], CHANGES[expected.refused] + lost, ...cells],
    number(sum(same, ({ checks }) => checks)),
    number(sum(same, ({ unknown }) => unknown)),
    number(sum(same, rejected)),
  ].join(' | ')
}

const names = [...new Set(rounds.map(({ at }) => at))].sort((a, b) => a - b)
const rows = names.flatMap((at) =>
  Object.keys(STORES)
    .map((store) => [at, rounds.filter((one) => one.at === at && one.cell.store === store)])
    .filter(([, same]) => same.length > 0),
)
const outcome =
  status === 0
    ? '**No promise was broken, and all that was seen is as expected.**'
    : `**${sum(rounds, ({ violations }) => violations)} violations; a run that fails is no evidence.**`

if (values.cell === '' && values.fault === '' && rounds.length > 0)
  replaceSection(
    'fault-matrix',
    `Run on ${begin.toISOString().slice(0, 10)}, ${Math.round((Date.now() - begin) / 60_000)} minutes, seed \`${values.seed}\`. ${setting}.

${number(names.length)} faults, ${number(rounds.length)} rounds, **${number(sum(rounds, ({ checks }) => checks))} checks**, ${number(sum(rounds, ({ changes }) => changes))} changes. ${outcome}

| fault | store | checks meanwhile | changes meanwhile | rounds without Redis | one Redis | Sentinel | Cluster | checks | unknown | rejected |
| --- | --- | --- | --- | --: | --: | --: | --: | --: | --: | --: |
${rows.map((one) => `| ${row(one)} |`).join('\n')}`,
  )
process.exitCode = status
