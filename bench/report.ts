import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readRecord } from './record.js'
import { reportPage } from './report/page.js'

/** Makes a page of a record. */

const USAGE = `npm run bench:report -- RECORD.json [--out FILE]
  --out FILE  the page, one HTML file to open from disk (default: bench-report.html)`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string', default: 'bench-report.html' }, help: { type: 'boolean', default: false } },
  })
  if (values.help || positionals.length !== 1) {
    console.log(USAGE)
    return values.help ? 0 : 2
  }
  const [path] = positionals
  writeFileSync(values.out, await reportPage(readRecord(path)))
  console.log(`${values.out} shows ${path}`)
  return 0
}

process.exitCode = await main()
