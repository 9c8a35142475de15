// Computes the tables of docs/scale.md from the formulas of scale/model.ts, and writes them into the page:
//
//     npm run bench:build && node build/bench/scale-tables.js
import { readFileSync, writeFileSync } from 'node:fs'
import { withTables } from './scale/tables.js'

const PAGE = 'docs/scale.md'
writeFileSync(PAGE, withTables(readFileSync(PAGE, 'utf8')))
