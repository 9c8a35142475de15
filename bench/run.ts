import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CASES, SUITES } from './cases/index.js'
import { describeMachine, versions } from './harness/machine.js'
import {
  type BenchRecord,
  FORMAT,
  type Measured,
  readRecord,
  type RecordedCase,
  type RecordedMeasurement,
  type RecordedRow,
  stringifyRecord,
  withCases,
} from './harness/record.js'
import { tableOf, verdict } from './harness/table.js'
import type { Case, CaseResult, Scale, Settings } from './harness/types.js'

/** Runs the cases, each in a process of its own, and prints what they measured against their targets. */

const USAGE = `npm run bench [-- options]
  --case NAME       only this case (repeatable): ${CASES.map(({ name }) => name).join(', ')}
  --stores          only the cases of stores across a network, which need a PostgreSQL and a Redis
  --sessions        only those of sessions, verified tokens and permissions
  --races           only those of refresh tokens in a race: outcomes, not times
  --suite           only the others
  --quick           smaller sizes, fewer rounds: a rough idea within a minute
  --test            answers only, tiny sizes, no judgement of figures: for continuous integration
  --seed TEXT       other random numbers (default: revocade)
  --directory PATH  where the stores are put: the disk that is measured (default: ./.bench)
  --json FILE       writes a record there too: for npm run bench:compare and npm run bench:report
                    a record that is there keeps its other cases`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      case: { type: 'string', multiple: true },
      stores: { type: 'boolean', default: false },
      sessions: { type: 'boolean', default: false },
      races: { type: 'boolean', default: false },
      suite: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      test: { type: 'boolean', default: false },
      seed: { type: 'string', default: 'revocade' },
      directory: { type: 'string', default: process.cwd() },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const { seed, json } = values
  const chosen = chosenOf(values)
  if (values.help || chosen.length < (values.case?.length ?? 0)) {
    console.log(USAGE)
    return values.help ? 0 : 2
  }
  const scale = scaleOf(values)
  const date = new Date().toISOString()
  const machine = describeMachine()
  const used = versions()
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.memory}; ` +
      `Node ${used.node}, SQLite by better-sqlite3 ${used['better-sqlite3']}`,
  )
  console.log(`${date}, seed ${seed}`)
  const save = saver(json, { format: FORMAT, date, seed, scale, machine, versions: used })
  const measured = await runAll(chosen, { scale, seed, parent: resolve(values.directory) }, save)
  const missed = scale === 'test' ? 0 : measured.targets.filter((row) => verdict(row) === 'miss').length
  if (missed > 0) console.log(`\n${missed} missed`)
  return missed > 0 && scale === 'full' ? 1 : 0
}

const RUN = ['suite', 'stores', 'sessions', 'races'] as const

interface Choice extends Readonly<Record<(typeof RUN)[number], boolean>> {
  readonly case?: readonly string[] | undefined
}

/** The cases that are named, or else those of the suites that are, or of all but the large one. */
function chosenOf({ case: names, ...given }: Choice): readonly Case[] {
  if (names !== undefined) return CASES.filter(({ name }) => names.includes(name))
  const named = RUN.filter((suite) => given[suite])
  return (named.length === 0 ? RUN : named).flatMap((suite) => SUITES[suite])
}

/**
 * Writes what was measured so far, after each case: it is not lost where a later one fails. A record that
 * this run doesn't fit is found out at once.
 */
function saver(
  path: string | undefined,
  run: Omit<BenchRecord, keyof Measured>,
): (measured: Measured) => void {
  if (path === undefined) return () => undefined
  const begun = existsSync(path) ? readRecord(path) : undefined
  if (begun === undefined) return (measured) => writeFileSync(path, stringifyRecord({ ...run, ...measured }))
  withCases(begun, { ...run, cases: [], results: [], targets: [] })
  return (measured) => writeFileSync(path, stringifyRecord(withCases(begun, { ...run, ...measured })))
}

function scaleOf({ test, quick }: { readonly test: boolean; readonly quick: boolean }): Scale {
  if (test) return 'test'
  return quick ? 'quick' : 'full'
}

async function runAll(
  chosen: readonly Case[],
  { scale, seed, parent }: Pick<Settings, 'scale' | 'seed'> & { readonly parent: string },
  save: (measured: Measured) => void,
): Promise<Measured> {
  const directory = mkdtempSync(join(parent, '.bench-'))
  const cases: RecordedCase[] = []
  const results: RecordedMeasurement[] = []
  const targets: RecordedRow[] = []
  try {
    for (const one of chosen) {
      const { name, title } = one
      const [load = 0] = loadavg()
      const start = performance.now()
      const { rows, measured } = await runCase(one, { scale, directory, seed })
      const seconds = Number(((performance.now() - start) / 1000).toFixed(1))
      cases.push({ name, title, load, seconds })
      results.push(...measured.map((measurement) => ({ case: name, ...measurement })))
      targets.push(...rows.map((row) => ({ case: name, ...row })))
      save({ cases, results, targets })
      console.log(`\n${title} (${name}; ${seconds} s, load ${load.toFixed(1)})`)
      console.log(scale === 'test' ? '  answers right' : tableOf(rows))
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  return { cases, results, targets }
}

function runCase({ name, nodeFlags = [] }: Case, settings: Settings): Promise<CaseResult> {
  return new Promise((settle, reject) => {
    const script = fileURLToPath(new URL('./harness/run-case.js', import.meta.url))
    const child = fork(script, [name, JSON.stringify(settings)], { execArgv: [...nodeFlags] })
    let result: CaseResult | undefined
    child.on('message', (message) => {
      result = message as CaseResult
    })
    child.on('exit', (code) => {
      if (result === undefined) reject(new Error(`the case ${name} ended with ${code}`))
      else settle(result)
    })
  })
}

process.exitCode = await main()
