import { CASES } from '../cases/index.js'
import type { CaseResult, Measurement, Settings } from './types.js'

// The process of one case: nothing that another case did to caches, compilers and heap is in its figures.

const [name, settings] = process.argv.slice(2)
const found = CASES.find((one) => one.name === name)
if (found === undefined) throw new Error(`there is no case ${name}`)
const measured: Measurement[] = []
const rows = await found.run({
  ...(JSON.parse(settings) as Settings),
  record: (measurements) => void measured.push(...measurements),
})
const result: CaseResult = { rows, measured }
process.send?.(result)
process.disconnect()
