import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readRecord } from './record.js'
import { withRecord } from './report/markdown.js'
import { reportPage } from './report/page.js'

/** Makes a page of a record, or puts its figures into one. */

const USAGE = `npm run bench:report -- RECORD.json [options]
  --out FILE   the page, one HTML file to open from disk (default: bench-report.html)
  --into FILE  instead: puts its figures as tables into a Markdown page, between <!-- record:start --> and <!-- record:end -->,
                  and a choice of them between <!-- headlines:start --> and <!-- headlines:end -->`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string', default: 'bench-report.html' },
      into: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help || positionals.length !== 1) {
    console.log(USAGE)
    return values.help ? 0 : 2
  }
  const [path] = positionals
  const record = readRecord(path)
  if (values.into !== undefined) {
    writeFileSync(values.into, withRecord(readFileSync(values.into, 'utf8'), record))
    console.log(`${values.into} holds the figures of ${path}`)
    return 0
  }
  writeFileSync(values.out, await reportPage(record))
  console.log(`${values.out} shows ${path}`)
  return 0
}

process.exitCode = await main()
