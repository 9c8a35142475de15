import { Help } from 'commander'
import type { Recommendation } from '../../tuning/recommend.js'
import { bytes, chance } from '../output/format-numbers.js'
import { table, tone } from '../output/print.js'
import { candidateTable, legendOf, rowsOf } from './candidate-table.js'
import { few, time } from './format.js'
import { isSteady, type Pace } from './machine-drift.js'
import type { Measured } from './measure.js'
import { optionsText, remarks, trafficRows } from './notes.js'
import { plotText } from './plot.js'
import { AGREEMENT, type Figure, type FigureName } from './predicted-vs-measured.js'

/** The recommendation for people. `width`: columns of the terminal. */
export function reportText(
  recommendation: Recommendation,
  measured: readonly Measured[],
  width: number,
): string {
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
    ...(measured.length === 0 ? [] : ['', ...measured.map(measuredText)]),
  ].join('\n')
}

/** Lines of at most `width` columns; those after the first are indented by the length of `bullet`. */
function wrapped(text: string, width: number, bullet = '  - '): string {
  const wrapper = new Help()
  wrapper.minWidthToWrap = 0
  const lines = wrapper.boxWrap(text, Math.max(40, Math.min(110, width)) - bullet.length).split('\n')
  return lines.map((line, i) => (i === 0 ? bullet : ' '.repeat(bullet.length)) + line).join('\n')
}

/** How each figure is named and printed. */
const FIGURES: Readonly<Record<FigureName, { name: string; text: (value: number) => string }>> = {
  memory: { name: 'memory', text: bytes },
  falsePositiveRate: { name: 'false positives', text: chance },
  leavesProcess: { name: 'share that leaves the process', text: chance },
  meanNs: { name: 'mean of a check', text: time },
  p99Ns: { name: 'p99 of a check', text: time },
  falseStoreReadsPerDay: { name: 'false reads a day', text: few },
}

/** Prediction and measurement side by side. */
function measuredText({ prediction, entries, cutShort, pace, figures }: Measured): string {
  const fewer = cutShort === null ? '' : `, fewer than it should have: cut short ${cutShort}`
  const title = `${prediction.candidate.name}, built with ${entries.toLocaleString('en')} entries${fewer}`
  const rows = table(figures.map(figureRow), {
    head: ['', 'predicted', 'measured', 'ratio', ''],
    right: [1, 2, 3],
  })
  return `${tone(title, 'bold')}\n${rows}\n${paceText(pace)}`
}

function figureRow(figure: Figure): string[] {
  const { name, text } = FIGURES[figure.name]
  return [
    name,
    text(figure.predicted),
    figure.measured === null ? '' : text(figure.measured),
    figure.ratio === null ? '' : `× ${figure.ratio.toFixed(2)}`,
    verdict(figure),
  ]
}

function verdict({ within, note }: Figure): string {
  if (within === null) return note ?? 'not measured'
  if (within) return tone(`within ${AGREEMENT}×`, 'good')
  return tone(`NOT within ${AGREEMENT}×${note === undefined ? '' : `: ${note}`}`, 'bad')
}

/** Nothing where the machine was as fast as at the calibration. */
function paceText(pace: Pace): string {
  if (pace === null || isSteady(pace)) return ''
  return (
    'The machine was not steady: checks of the calibration took ' +
    `${pace.toFixed(2)} times what they took then.\n`
  )
}
