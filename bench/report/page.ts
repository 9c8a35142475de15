import { nameOf } from '../comparison.js'
import type { BenchRecord, RecordedCase, RecordedMeasurement, RecordedRow } from '../record.js'
import { bound, duration, quantity, verdict } from '../table.js'
import { chartsOf } from './charts.js'
import { drawPlot } from './plot.js'
import { STYLE } from './style.js'

/** A page that shows a record: one file, no scripts, nothing fetched. */
export async function reportPage(record: BenchRecord): Promise<string> {
  const { date, machine, versions, scale, seed, cases } = record
  const sections = await Promise.all(cases.map((one) => sectionOf(one, record)))
  const used = Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Revocade: benchmark of ${escaped(date.slice(0, 10))}</title>
<style>${STYLE}</style>
<main>
<h1>Revocade: benchmark of ${escaped(date.slice(0, 10))}</h1>
<p>${escaped(`${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.platform}. Sizes: ${scale}; seed: ${seed}.`)}
Times are of one operation, from batches; axes are logarithmic. Compare within a plot: its engines took turns in one process. Trust ratios, not digits.</p>
<p class="muted">${escaped(used)}</p>
<nav>${cases.map(({ name }) => `<a href="#${escaped(name)}">${escaped(name)}</a>`).join(' ')}</nav>
${sections.join('\n')}
</main>
</html>
`
}

async function sectionOf({ name, title, load, seconds }: RecordedCase, record: BenchRecord): Promise<string> {
  const results = record.results.filter((one) => one.case === name)
  const rows = record.targets.filter((one) => one.case === name)
  const plots = await Promise.all(
    chartsOf(results).map(
      async (chart) =>
        `<figure>${chart.title === '' ? '' : `<h3>${escaped(chart.title)}</h3>`}${await drawPlot(chart)}<figcaption>${escaped(chart.quantity)}</figcaption></figure>`,
    ),
  )
  const facts = [
    load === undefined ? '' : `load ${load.toFixed(1)} at its start`,
    seconds === undefined ? '' : `${seconds} s`,
  ].filter((fact) => fact !== '')
  return `<section id="${escaped(name)}">
<h2>${escaped(title)}</h2>
<p class="muted"><code>${escaped(name)}</code>${facts.length > 0 ? ` · ${facts.join(', ')}` : ''}</p>
${lossesOf(results)}${targetsOf(rows)}
${plots.length > 0 ? `<div class="plots">${plots.join('\n')}</div>` : ''}
${allResults(results)}
</section>`
}

/** A filter that forgot what was added to it: said before anything about its speed. */
function lossesOf(results: readonly RecordedMeasurement[]): string {
  const losers = results.filter(({ falseNegatives = 0 }) => falseNegatives > 0)
  if (losers.length === 0) return ''
  return `<p class="miss"><strong>False negatives:</strong> ${losers.map((one) => escaped(`${nameOf(one)}, n = ${one.n}: ${one.falseNegatives}`)).join('; ')}</p>\n`
}

function targetsOf(rows: readonly RecordedRow[]): string {
  if (rows.length === 0) return ''
  const lines = rows.map((row) => {
    const judged = verdict(row)
    return (
      `<tr><th scope="row">${escaped(row.what)}${row.from === undefined ? '' : `<small>${escaped(row.from)}</small>`}</th>` +
      `<td>${quantity(row.value, row.unit)}</td><td>${bound(row)}</td><td class="${judged}">${judged}</td></tr>`
    )
  })
  return `<div class="scroll"><table><thead><tr><th></th><th>measured</th><th>target</th><th></th></tr></thead><tbody>${lines.join('')}</tbody></table></div>`
}

/** Its head, and what it says of a result. */
type Column = readonly [string, (one: RecordedMeasurement) => string]

function allResults(results: readonly RecordedMeasurement[]): string {
  if (results.length === 0) return ''
  const optional = (name: keyof RecordedMeasurement, column: Column): Column[] =>
    results.some((one) => one[name] !== undefined) ? [column] : []
  const columns: readonly Column[] = [
    ['n', (one) => one.n.toLocaleString('en')],
    ['p50', (one) => duration(one.p50Ns)],
    ['p99', (one) => duration(one.p99Ns)],
    ...optional('p999Ns', ['p99.9', (one) => timeOrNothing(one.p999Ns)]),
    ...optional('p9999Ns', ['p99.99', (one) => timeOrNothing(one.p9999Ns)]),
    ...optional('maxNs', ['longest', (one) => timeOrNothing(one.maxNs)]),
    ['per second', (one) => Math.round(one.opsPerSecond).toLocaleString('en')],
    ...optional('bytesPerEntry', ['bytes an entry', (one) => one.bytesPerEntry?.toFixed(1) ?? '']),
    ...optional('falsePositiveRate', [
      'false positives',
      (one) => one.falsePositiveRate?.toExponential(1) ?? '',
    ]),
    ...optional('falseNegatives', [
      'false negatives',
      (one) => one.falseNegatives?.toLocaleString('en') ?? '',
    ]),
    [
      'samples',
      (one) =>
        one.operations === undefined
          ? `${one.samples.length} × ${one.batch}`
          : one.operations.toLocaleString('en'),
    ],
  ]
  const lines = results.map(
    (one) =>
      `<tr><th scope="row">${escaped(nameOf(one))}</th>${columns.map(([, cell]) => `<td>${cell(one)}</td>`).join('')}</tr>`,
  )
  return (
    `<details><summary>All ${results.length} results</summary><div class="scroll"><table><thead><tr><th></th>${columns.map(([head]) => `<th>${head}</th>`).join('')}</tr></thead>` +
    `<tbody>${lines.join('')}</tbody></table></div></details>`
  )
}

const timeOrNothing = (ns: number | undefined): string => (ns === undefined ? '' : duration(ns))

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
