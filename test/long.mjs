// Runs the tests that gain from length for a long time, and writes what they counted to docs/reliability.md.
// `npm run test:long -- 20` runs them 20 times as long as `npm test` (default: 50). Names of files after the number
// choose some of the tests: `npm run test:long -- 20 test/faults/kill`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CONSTANT_LOAD, writeConstantLoad } from './constant-load-section.mjs'
import { replaceSection, setting } from './reliability-page.mjs'

const FILES = [
  'test/faults',
  'test/engine/interleavings',
  'test/redis/interleavings',
  'test/simulation',
  'test/server/load',
  'test/server/malformed',
  'test/planted',
  'test/package/package-managers',
]
const [scale = '50', ...chosen] = process.argv.slice(2)
const files = chosen.length > 0 ? chosen : FILES
const folder = mkdtempSync(join(tmpdir(), 'revocade-long-'))
const counted = join(folder, 'report')
const begin = new Date()
const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...files], {
  stdio: 'inherit',
  env: { ...process.env, REVOCADE_TEST_SCALE: scale, REVOCADE_TEST_REPORT: counted },
})

/** Counts by test; a test that reports several times is summed up. */
const tests = new Map()
const lines = existsSync(counted) ? readFileSync(counted, 'utf8').trim().split('\n') : []
const reports = lines.map((line) => JSON.parse(line))
const looks = reports.filter(({ test }) => test === CONSTANT_LOAD)
for (const { test, counts } of reports.filter((one) => !looks.includes(one))) {
  const sums = tests.get(test) ?? {}
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count
  tests.set(test, sums)
}
rmSync(folder, { recursive: true })

const minutes = Math.round((Date.now() - begin.getTime()) / 60_000)
const show = (counts) =>
  Object.entries(counts)
    .map(([name, count]) => `${name}: ${count.toLocaleString('en')}`)
    .join(', ')
const list = files.map((file) => `\`${file}\``).join(', ')
const outcome = status === 0 ? 'all tests passed' : '**tests failed**'
const day = begin.toISOString().slice(0, 10)
if (looks.length > 0) writeConstantLoad({ day, outcome, looks: looks.map(({ counts }) => counts) })
// Alone, the constant load counts nothing for this section.
if (tests.size > 0 || looks.length === 0)
  replaceSection(
    'long-run',
    `Run on ${day}, ${minutes} minutes, ${scale} times the length of \`npm test\`: ${outcome}.
Files: ${list}. ${setting}.

| test | counted |
| --- | --- |
${[...tests].map(([test, counts]) => `| ${test} | ${show(counts)} |`).join('\n')}`,
  )
process.exitCode = status ?? 1
