import { Help } from 'commander'
import type { Recommendation } from '../../tuning/recommend.js'
import { tone } from '../output/print.js'
import { table } from '../output/table.js'
import { candidateTable, legendOf, rowsOf } from './candidate-table.js'
import type { Measured } from './measure.js'
import { optionsText, remarks, trafficRows } from './notes.js'
import { plotText } from './plot.js'
import { AGREEMENT, type Figure, FIGURES } from './predicted-vs-measured.js'

/** The recommendation for people. `width`: columns of the terminal. */
export function reportText(recommendation: Recommendation, measured: Measured[], width: number): string {
  const { choice, traffic } = recommendation
  const rows = rowsOf(recommendation)
  const head = choice.fits ? tone('Choice', 'good') : tone('Nearest', 'warn')
  return [
    table(trafficRows(recommendation), { flexible: 1, wrap: 'words' }),
    '',
    candidateTable(rows, width),
    wrapped(legendOf(rows), width, ''),
    '',
    plotText(rows, traffic, width),
    '',
    `${head}: ${tone(choice.chosen.candidate.name, 'bold')}`,
    ...choice.reasons.map((reason) => wrapped(reason, width)),
    '',
    optionsText(recommendation),
    '',
    ...remarks(recommendation).map((remark) => wrapped(remark, width)),
    ...measured.map((one) => `\n${measuredText(one)}`),
  ].join('\n')
}

/** Lines of at most `width` columns; those after the first are indented by the length of `bullet`. */
function wrapped(text: string, width: number, bullet = '  - '): string {
  const wrapper = new Help()
  wrapper.minWidthToWrap = 0
  const lines = wrapper.boxWrap(text, Math.max(40, Math.min(110, width)) - bullet.length).split('\n')
  return lines.map((line, i) => (i === 0 ? bullet : ' '.repeat(bullet.length)) + line).join('\n')
}

/** Prediction and measurement side by side. */
function measuredText({ prediction, entries, cutShort, figures }: Measured): string {
  const fewer = cutShort === null ? '' : `, fewer than it should have: cut short ${cutShort}`
  const title = `${prediction.candidate.name}, built with ${entries.toLocaleString('en')} entries${fewer}`
  const rows = figures.map((figure) => {
    const { about, text } = FIGURES[figure.name]
    const measured = figure.measured === null ? '' : text(figure.measured)
    const ratio = figure.ratio === null ? '' : `× ${figure.ratio.toFixed(2)}`
    return [about, text(figure.predicted), measured, ratio, verdict(figure)]
  })
  const head = ['', 'predicted', 'measured', 'ratio', '']
  return `${tone(title, 'bold')}\n${table(rows, { head, right: [1, 2, 3] })}`
}

function verdict({ within, note }: Figure): string {
  if (within === null) return note ?? 'not measured'
  if (within) return tone(`within ${AGREEMENT}×`, 'good')
  return tone(`NOT within ${AGREEMENT}×${note === undefined ? '' : `: ${note}`}`, 'bad')
}
