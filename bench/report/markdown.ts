import { nameOf } from '../harness/comparison.js'
import type { BenchRecord, RecordedCase } from '../harness/record.js'
import { bound, duration, quantity, verdict } from '../harness/table.js'
import { HEADLINES } from './headlines.js'

/** From so many results on they are for the plots: a page of text has no use for them. */
const MOST_RESULTS = 30

/** What a record shows, as tables for a page of documentation; misses in bold. */
export function recordMarkdown({ date, machine, versions, seed, cases, ...measured }: BenchRecord): string {
  const used = Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
  const sections = cases.map((one) => sectionOf(one, measured))
  const { cpu, cores, memory, platform } = machine
  const on = `${cpu}, ${cores} cores, ${memory}, ${platform}`
  return `Measured on ${date.slice(0, 10)} with ${on}; ${used}; seed ${seed}.\n\n${sections.join('\n')}`
}

/** Its headlines only. Throws where the record lacks one. */
export function headlinesMarkdown({ targets }: BenchRecord): string {
  return HEADLINES.map(({ title, rows }) => {
    const cells = rows.map((headline) => {
      const found = targets.find((one) => one.case === headline.case && one.what === headline.row)
      if (found === undefined)
        throw new Error(
          `the record has no '${headline.row}' in its case ${headline.case}, ` +
            'which bench/report/headlines.ts names',
        )
      return rowOf(found, headline.says)
    })
    return `**${title}**\n\n${tableOf(['', 'measured', 'target', 'from'], cells)}`
  }).join('\n')
}

/** What a page may hold of a record, between marks of its own. */
const PARTS = [
  { start: '<!-- record:start -->\n', end: '<!-- record:end -->', write: recordMarkdown },
  { start: '<!-- headlines:start -->\n', end: '<!-- headlines:end -->', write: headlinesMarkdown },
] as const

/** The page, with what it wants of a record between its marks. */
export function withRecord(page: string, record: BenchRecord): string {
  const wanted = PARTS.filter(({ start }) => page.includes(start))
  if (wanted.length === 0)
    throw new Error(
      'the page has no place for a record: lines with ' +
        PARTS.map(({ start, end }) => `${start.trim()} and ${end}`).join(', or '),
    )
  return wanted.reduce((text, { start, end, write }) => {
    const [from, to] = [text.indexOf(start), text.indexOf(end)]
    if (to < from) throw new Error(`the page has ${start.trim()} and no ${end} after it`)
    return `${text.slice(0, from)}${start}${write(record)}${text.slice(to)}`
  }, page)
}

function sectionOf(
  { name, title, load, date }: RecordedCase,
  { results, targets }: Pick<BenchRecord, 'results' | 'targets'>,
): string {
  const rows = targets.filter((one) => one.case === name).map((row) => rowOf(row, row.what))
  const measured = results.filter((one) => one.case === name)
  const atLoad = load === undefined ? '' : `, load ${load.toFixed(1)} at its start`
  const again = date === undefined ? '' : `, added on ${date.slice(0, 10)}`
  const times =
    measured.length > MOST_RESULTS
      ? []
      : measured.map((one) => [
          nameOf(one),
          one.n.toLocaleString('en'),
          duration(one.p50Ns),
          duration(one.p99Ns),
        ])
  return [
    `### ${title}\n\n\`${name}\`${atLoad}${again}\n`,
    tableOf(['', 'measured', 'target', 'from'], rows),
    tableOf(['', 'entries', 'p50', 'p99'], times),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function rowOf(row: BenchRecord['targets'][number], says: string): string[] {
  const value = quantity(row.value, row.unit)
  return [says, verdict(row) === 'miss' ? `**${value}**` : value, bound(row), row.from ?? '']
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  const aligned = head.map((_, i) => (i === 1 || i === 2 ? '---:' : '---'))
  return `${line(head)}${line(aligned)}${rows.map(line).join('')}`
}
