import { CASES } from './cases/index.js'
import type { Context } from './types.js'

// The process of one case: nothing that another case did to caches, compilers and heap is in its figures.

const [name, context] = process.argv.slice(2)
const found = CASES.find((one) => one.name === name)
if (found === undefined) throw new Error(`there is no case ${name}`)
const rows = await found.run(JSON.parse(context) as Context)
process.send?.(rows)
process.disconnect()
