import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readRecord } from './harness/record.js'
import { latencyPlot } from './report/latency-plot.js'
import { recordMarkdown, withRecord } from './report/markdown.js'

/** Writes what a record shows: as tables of a Markdown page, or as the README's plot. */

const USAGE = `npm run bench:report -- RECORD.json [options]
  --out FILE      writes its figures as a Markdown page (default: bench-report.md)
  --into FILE     instead: puts them into a Markdown page,
                  between <!-- record:start --> and <!-- record:end -->,
                  and a choice of them between <!-- headlines:start --> and <!-- headlines:end -->
  --plot FOLDER   instead: draws what one check costs, as check-latency-light.svg and check-latency-dark.svg`

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string', default: 'bench-report.md' },
      into: { type: 'string' },
      plot: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const [path, ...more] = positionals
  if (values.help || path === undefined || more.length > 0) {
    console.log(USAGE)
    return values.help ? 0 : 2
  }
  const record = readRecord(path)
  const { into, plot, out } = values
  if (into !== undefined) {
    writeFileSync(into, withRecord(readFileSync(into, 'utf8'), record))
    console.log(`${into} holds the figures of ${path}`)
  }
  if (plot !== undefined) {
    for (const theme of ['light', 'dark'] as const) {
      writeFileSync(join(plot, `check-latency-${theme}.svg`), latencyPlot(record, theme))
    }
    console.log(`${plot} holds the plots of ${path}`)
  }
  if (into === undefined && plot === undefined) {
    writeFileSync(out, recordMarkdown(record))
    console.log(`${out} shows ${path}`)
  }
  return 0
}

process.exitCode = main()
