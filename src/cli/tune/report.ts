import { Help } from 'commander'
import type { Recommendation } from '../../tuning/recommend.js'
import { bytes, chance } from '../output/format-numbers.js'
import { table, tone } from '../output/print.js'
import { few, HEADS, LEGEND, rowsOf, SPARE, time } from './candidate-rows.js'
import { chartOf } from './chart.js'
import { isSteady, type Pace } from './machine-drift.js'
import type { Measured } from './measure.js'
import { optionsText, remarks, trafficRows } from './notes.js'
import { plotText } from './plot.js'
import { AGREEMENT, type Figure, type FigureName } from './predicted-vs-measured.js'

/** Columns that the whole table needs. */
const FULL_WIDTH = 100

/** The recommendation for people. `width`: columns of the terminal. */
export function reportText(
  recommendation: Recommendation,
  measured: readonly Measured[],
  width: number,
): string {
  const { choice } = recommendation
  return [
    table(trafficRows(recommendation), { flexible: 1, wrap: 'words' }),
    '',
    candidateTable(recommendation, width),
    wrapped(
      `${LEGEND}. * the choice${rowsOf(recommendation).some(({ fits }) => !fits) ? ', ! beyond the budget' : ''}.`,
      width,
      '',
    ),
    '',
    plotText(chartOf(recommendation), width),
    '',
    `${tone(choice.fits ? 'Choice' : 'Nearest', choice.fits ? 'good' : 'warn')}: ${tone(choice.chosen.candidate.name, 'bold')}`,
    ...choice.reasons.map((reason) => wrapped(reason, width)),
    '',
    optionsText(recommendation),
    '',
    ...remarks(recommendation).map((remark) => wrapped(remark, width)),
    ...(measured.length === 0 ? [] : ['', ...measured.map(measuredText)]),
  ].join('\n')
}

/** All columns where they fit. */
function candidateTable(recommendation: Recommendation, width: number): string {
  const shown = HEADS.flatMap((head, i) => (width >= FULL_WIDTH || !SPARE.includes(head) ? [i] : []))
  const rows = rowsOf(recommendation).map(({ letter, chosen, fits, cells }) => {
    const line = [
      `${chosen ? `${letter.toUpperCase()}*` : letter}${fits ? '' : '!'}`,
      ...shown.map((i) => cells[i]),
    ]
    return chosen
      ? line.map((cell) => tone(cell, 'bold'))
      : fits
        ? line
        : line.map((cell) => tone(cell, 'dim'))
  })
  // All but the first two and the verdict are numbers.
  const right = shown
    .map((_, i) => i + 1)
    .filter((i) => i > 1 && i <= shown.length - (width >= FULL_WIDTH ? 1 : 0))
  return table(rows, { head: ['', ...shown.map((i) => HEADS[i])], right })
}

/** Lines of at most so many columns, the first after `mark`, the rest as far in. */
function wrapped(text: string, width: number, mark = '  - '): string {
  const wrapper = new Help()
  wrapper.minWidthToWrap = 0
  const lines = wrapper.boxWrap(text, Math.max(40, Math.min(110, width)) - mark.length).split('\n')
  return lines.map((line, i) => (i === 0 ? mark : ' '.repeat(mark.length)) + line).join('\n')
}

const NAMES: Readonly<Record<FigureName, string>> = {
  memory: 'memory',
  falsePositiveRate: 'false positives',
  leavesProcess: 'share that leaves the process',
  meanNs: 'mean of a check',
  p99Ns: 'p99 of a check',
  falseStoreReadsPerDay: 'false reads a day',
}

/** Prediction and measurement side by side. */
export function measuredRows({ prediction, entries, cutShort, pace, figures }: Measured): {
  readonly title: string
  readonly pace: string | undefined
  readonly rows: readonly (readonly string[])[]
} {
  return {
    pace: paceText(pace),
    title: `${prediction.candidate.name}, built with ${entries.toLocaleString('en')} entries${cutShort === null ? '' : `, fewer than it should have: cut short ${cutShort}`}`,
    rows: figures.map((figure) => {
      const value = (n: number | null): string => (n === null ? '' : figureText(figure.name, n))
      return [
        NAMES[figure.name],
        value(figure.predicted),
        value(figure.measured),
        figure.ratio === null ? '' : `× ${figure.ratio.toFixed(2)}`,
        verdict(figure),
      ]
    }),
  }
}

function measuredText(measured: Measured): string {
  const { title, pace, rows } = measuredRows(measured)
  const shown = rows.map((row, i) => {
    const { within } = measured.figures[i]
    return within === null ? row : row.with(-1, tone(row.at(-1) ?? '', within ? 'good' : 'bad'))
  })
  return `${tone(title, 'bold')}\n${table(shown, { head: ['', 'predicted', 'measured', 'ratio', ''], right: [1, 2, 3] })}\n${pace === undefined ? '' : `${pace}\n`}`
}

/** Undefined where the machine was as fast as at the calibration. */
function paceText(pace: Pace): string | undefined {
  if (pace === null || isSteady(pace)) return undefined
  return `The machine was not steady: checks of the calibration took ${pace.toFixed(2)} times what they took then.`
}

function verdict({ within, note }: Figure): string {
  if (within === null) return note ?? 'not measured'
  return `${within ? '' : 'NOT '}within ${AGREEMENT}×${within || note === undefined ? '' : `: ${note}`}`
}

function figureText(name: FigureName, value: number): string {
  switch (name) {
    case 'memory':
      return bytes(value)
    case 'falsePositiveRate':
    case 'leavesProcess':
      return chance(value)
    case 'meanNs':
    case 'p99Ns':
      return time(value)
    case 'falseStoreReadsPerDay':
      return few(value)
  }
}
