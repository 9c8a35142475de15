import type { Recommendation } from '../../tuning/recommend.js'
import { HEADS, LEGEND, rowsOf } from './candidate-rows.js'
import { chartOf } from './chart.js'
import type { Measured } from './measure.js'
import { optionsText, remarks, trafficRows } from './notes.js'
import { measuredRows } from './report.js'
import { plotSvg } from './svg.js'

/** Nothing is fetched: the page opens from a disk without a network. */
const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --text: #1b1f24; --faint: #59636e; --line: #d8dee4; --accent: #0a6e3d; --second: #0b5cad; --budget: #b35900 }
@media (prefers-color-scheme: dark) { :root { --ground: #14171c; --text: #e6e9ed; --faint: #9aa4b0; --line: #343b44; --accent: #46c98b; --second: #6cb2ff; --budget: #f0a050 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem; margin: .5rem 0 } h2 { font-size: 1.1rem; margin: 1.75rem 0 .5rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line) }
th { font-weight: 600 } td.name, th.name { text-align: left }
tr.chosen { font-weight: 700; color: var(--accent) } tr.beyond { color: var(--faint) }
table.facts td { text-align: left; white-space: normal }
pre { overflow-x: auto; padding: .75rem; border: 1px solid var(--line); border-radius: .4rem; font-size: .85rem }
svg { width: 100%; height: auto; display: block } svg text { font: 13px system-ui, sans-serif; fill: var(--text) }
svg .tick, svg .label { fill: var(--faint) } svg .grid { stroke: var(--line) } svg .budget { stroke: var(--budget); stroke-dasharray: 6 4; stroke-width: 2 }
svg .curve { fill: none; stroke: var(--faint); stroke-opacity: .5 }
svg circle { fill: var(--ground); stroke: var(--text); stroke-width: 1.5 } svg .redis circle { stroke: var(--second) }
svg .beyond { opacity: .5 } svg .chosen circle { fill: var(--accent); stroke: var(--accent) } svg .chosen text { fill: var(--ground); font-weight: 700 }
@media (max-width: 40rem) { svg text { font-size: 20px } body { padding: .75rem } }
`.trim()

/** The recommendation as one page: readable on a phone, light or dark as the reader has it. */
export function pageOf(recommendation: Recommendation, measured: readonly Measured[], date: Date): string {
  const { choice } = recommendation
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>revocade tune: ${escaped(choice.chosen.candidate.name)}</title>
<style>
${STYLE}
</style>
</head>
<body>
<h1>${choice.fits ? 'Choice' : 'Nearest'}: ${escaped(choice.chosen.candidate.name)}</h1>
${list(choice.reasons)}
<pre>${escaped(optionsText(recommendation))}</pre>
<h2>For this traffic</h2>
<table class="facts">${trafficRows(recommendation)
    .map((row) => `<tr>${row.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`)
    .join('\n')}</table>
<h2>Memory against reads of the store</h2>
${plotSvg(chartOf(recommendation))}
<h2>Candidates</h2>
<div class="scroll">${candidateTable(recommendation)}</div>
<p><small>${escaped(LEGEND)}.</small></p>
<h2>To know</h2>
${list(remarks(recommendation))}
${measured.map(measuredSection).join('\n')}
<p><small>revocade tune, ${date.toISOString().slice(0, 16).replace('T', ' ')} UTC</small></p>
</body>
</html>
`
}

function candidateTable(recommendation: Recommendation): string {
  const head = ['', ...HEADS]
    .map((text, i) => `<th${i < 2 ? ' class="name"' : ''}>${escaped(text).replace('\n', '<br>')}</th>`)
    .join('')
  const rows = rowsOf(recommendation).map(({ letter, chosen, fits, cells }) => {
    const kind = chosen ? ' class="chosen"' : fits ? '' : ' class="beyond"'
    const all = [chosen ? letter.toUpperCase() : letter, ...cells]
    return `<tr${kind}>${all.map((cell, i) => `<td${i < 2 ? ' class="name"' : ''}>${escaped(cell)}</td>`).join('')}</tr>`
  })
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table>`
}

function measuredSection(one: Measured): string {
  const { title, pace, rows } = measuredRows(one)
  const line = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((cell, i) => `<${tag}${i === 0 || i === 4 ? ' class="name"' : ''}>${escaped(cell)}</${tag}>`).join('')}</tr>`
  return `<h2>Measured: ${escaped(title)}</h2>
<div class="scroll"><table><thead>${line(['', 'predicted', 'measured', 'ratio', ''], 'th')}</thead><tbody>
${rows.map((row) => line(row, 'td')).join('\n')}
</tbody></table></div>${
    pace === undefined
      ? ''
      : `
<p>${escaped(pace)}</p>`
  }`
}

function list(items: readonly string[]): string {
  return `<ul>\n${items.map((item) => `<li>${escaped(item)}</li>`).join('\n')}\n</ul>`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
