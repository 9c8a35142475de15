import { fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { CASES } from './cases/index.js'
import type { Case, Context, Row, Scale, Unit } from './types.js'

/** Runs the cases, each in a process of its own, and prints what they measured against their targets. */

const USAGE = `npm run bench [-- options]
  --case NAME       only this case (repeatable): ${CASES.map(({ name }) => name).join(', ')}
  --quick           smaller sizes, fewer rounds: a rough idea within a minute
  --test            answers only, tiny sizes, no judgement of figures: for continuous integration
  --seed TEXT       other random numbers (default: revocade)
  --directory PATH  where the stores are put: the disk that is measured (default: ./.bench)
  --json FILE       writes the results there too`

interface Result {
  readonly name: string
  readonly title: string
  readonly rows: readonly Row[]
}

const { values } = parseArgs({
  options: {
    case: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    test: { type: 'boolean', default: false },
    seed: { type: 'string', default: 'revocade' },
    directory: { type: 'string', default: process.cwd() },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(USAGE)
else process.exitCode = await main()

async function main(): Promise<number> {
  const chosen = values.case === undefined ? CASES : CASES.filter(({ name }) => values.case?.includes(name))
  if (chosen.length < (values.case?.length ?? 0)) {
    console.error(USAGE)
    return 2
  }
  const scale: Scale = values.test ? 'test' : values.quick ? 'quick' : 'full'
  const directory = mkdtempSync(join(resolve(values.directory), '.bench-'))
  const machine = describeMachine()
  const results: Result[] = []
  console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.memory}; Node ${machine.node}, SQLite by better-sqlite3 ${machine.driver}`)
  console.log(`${new Date().toISOString()}, seed ${values.seed}, load ${loadavg()[0].toFixed(1)}`)
  try {
    for (const one of chosen) {
      const load = loadavg()[0]
      const rows = await runCase(one, { scale, directory, seed: values.seed })
      results.push({ name: one.name, title: one.title, rows })
      console.log(`\n${one.title} (${one.name}; load ${load.toFixed(1)})`)
      console.log(scale === 'test' ? '  answers right' : format(rows))
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ date: new Date().toISOString(), seed: values.seed, scale, machine, results }, null, 2)}\n`)
  }
  const missed = scale === 'test' ? 0 : results.flatMap(({ rows }) => rows).filter((row) => verdict(row) === 'miss').length
  if (missed > 0) console.log(`\n${missed} missed`)
  return missed > 0 && scale === 'full' ? 1 : 0
}

function runCase({ name, nodeFlags = [] }: Case, context: Context): Promise<Row[]> {
  return new Promise((settle, reject) => {
    const script = fileURLToPath(new URL('./run-case.js', import.meta.url))
    const child = fork(script, [name, JSON.stringify(context)], { execArgv: [...nodeFlags] })
    let rows: Row[] | undefined
    child.on('message', (message) => {
      rows = message as Row[]
    })
    child.on('exit', (code) => {
      if (rows === undefined) reject(new Error(`the case ${name} ended with ${code}`))
      else settle(rows)
    })
  })
}

function verdict({ value, target }: Row): 'pass' | 'miss' | '' {
  if (target === undefined) return ''
  return (target.at === 'most' ? value <= target.value : value >= target.value) ? 'pass' : 'miss'
}

function format(rows: readonly Row[]): string {
  const table = new Table({ head: ['', 'measured', 'target', '', 'from'], colAligns: ['left', 'right', 'right', 'left', 'left'], style: { head: [], border: [] } })
  for (const row of rows) {
    const { what, value, unit, target, from = '' } = row
    const bound = target === undefined ? '' : `${target.at === 'most' ? '≤' : '≥'} ${quantity(target.value, unit)}`
    table.push([what, quantity(value, unit), bound, verdict(row), from])
  }
  return table.toString()
}

function quantity(value: number, unit: Unit): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  const number = value.toLocaleString('en', { maximumFractionDigits: digits })
  return unit === 'x' || unit === '/s' ? `${number}${unit === 'x' ? '×' : '/s'}` : `${number} ${unit}`
}

function describeMachine() {
  const manifest = JSON.parse(readFileSync(new URL(import.meta.resolve('better-sqlite3/package.json')), 'utf8')) as { readonly version: string }
  return {
    cpu: cpus()[0]?.model ?? 'unknown processor',
    cores: cpus().length,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    v8: process.versions.v8,
    driver: manifest.version,
  }
}
