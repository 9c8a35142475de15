import { CASES } from '../cases/index.js'
import type { CaseResult, Measurement, Settings } from './types.js'

// The process of one case: caches, compiled code and heap of other cases don't affect its figures.

const name = process.argv.at(2)
const settings = process.argv.at(3)
const found = CASES.find((one) => one.name === name)
if (found === undefined || settings === undefined) throw new Error(`there is no case ${name}`)
const measured: Measurement[] = []
const rows = await found.run({
  ...(JSON.parse(settings) as Settings),
  record: (measurements) => void measured.push(...measurements),
})
const result: CaseResult = { rows, measured }
process.send?.(result)
process.disconnect()
