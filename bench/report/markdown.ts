import { nameOf } from '../comparison.js'
import type { BenchRecord, RecordedCase } from '../record.js'
import { bound, duration, quantity, verdict } from '../table.js'

/** Where the tables stand in a page. */
const START = '<!-- record:start -->\n'
const END = '<!-- record:end -->'

/** From so many results on they are for the plots: a page of text has no use for them. */
const MOST_RESULTS = 30

/** What a record shows, as tables for a page of documentation; misses in bold. */
export function recordMarkdown({ date, machine, versions, seed, cases, ...measured }: BenchRecord): string {
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')
  const sections = cases.map((one) => sectionOf(one, measured))
  return `Measured on ${date.slice(0, 10)} with ${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.platform}; ${used}; seed ${seed}.\n\n${sections.join('\n')}`
}

/** The page, with the tables of a record between its marks. */
export function withRecord(page: string, record: BenchRecord): string {
  const [start, end] = [page.indexOf(START), page.indexOf(END)]
  if (start < 0 || end < start) throw new Error(`the page has no place for a record: lines with ${START.trim()} and ${END}`)
  return `${page.slice(0, start)}${START}${recordMarkdown(record)}${page.slice(end)}`
}

function sectionOf({ name, title, load }: RecordedCase, { results, targets }: Pick<BenchRecord, 'results' | 'targets'>): string {
  const rows = targets.filter((one) => one.case === name).map((row) => {
    const value = quantity(row.value, row.unit)
    return [row.what, verdict(row) === 'miss' ? `**${value}**` : value, bound(row), row.from ?? '']
  })
  const measured = results.filter((one) => one.case === name)
  const times = measured.length > MOST_RESULTS ? [] : measured.map((one) => [nameOf(one), one.n.toLocaleString('en'), duration(one.p50Ns), duration(one.p99Ns)])
  return [
    `### ${title}\n\n\`${name}\`${load === undefined ? '' : `, load ${load.toFixed(1)} at its start`}\n`,
    tableOf(['', 'measured', 'target', 'from'], rows), tableOf(['', 'entries', 'p50', 'p99'], times),
  ].filter((part) => part !== '').join('\n')
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return `${line(head)}${line(head.map((_, i) => (i === 1 || i === 2 ? '---:' : '---')))}${rows.map(line).join('')}`
}
