import { bytes } from '../output/format-numbers.js'
import { AS_GOOD_AS_NEVER, type Chart, placeOn } from './chart.js'

const HEIGHT = 14
/** For the labels of the vertical axis. */
const MARGIN = 8

/** The trade-off in characters: a letter a candidate, a capital for the chosen one; the budgets are lines. `width`: in columns, at least 40. */
export function plotText(chart: Chart, width: number): string {
  const columns = Math.max(40, Math.min(100, width)) - MARGIN - 1
  const grid = Array.from({ length: HEIGHT }, () => new Array<string>(columns).fill(' '))
  const column = (value: number): number | undefined => scaled(placeOn(chart.x, value), columns)
  const row = (value: number): number | undefined => {
    const place = scaled(placeOn(chart.y, value), HEIGHT)
    return place === undefined ? undefined : HEIGHT - 1 - place
  }
  const budgetRow = chart.storeReads === undefined ? undefined : row(chart.storeReads)
  const budgetColumn = chart.memory === undefined ? undefined : column(chart.memory)
  if (budgetRow !== undefined) grid[budgetRow].fill('-')
  if (budgetColumn !== undefined) for (const line of grid) line[budgetColumn] = '|'
  // The chosen one last, on top of what shares its place.
  for (const { letter, x, y, chosen } of [...chart.points].sort(
    (a, b) => Number(a.chosen) - Number(b.chosen),
  )) {
    const [i, j] = [row(y), column(x)]
    if (i !== undefined && j !== undefined) grid[i][j] = chosen ? letter.toUpperCase() : letter
  }
  const labels = new Map(chart.y.ticks.map((tick) => [row(tick), tickText(tick)]))
  const lines = grid.map((cells, i) =>
    `${(labels.get(i) ?? '').padStart(MARGIN - 1)} │${cells.join('')}`.trimEnd(),
  )
  return [
    `false positives a day that reach the store${budgetRow === undefined && budgetColumn === undefined ? '' : '; the lines are the budget'}`,
    ...lines,
    `${' '.repeat(MARGIN)}└${'─'.repeat(columns)}`,
    footOf(chart, columns),
    `${' '.repeat(MARGIN + 1)}memory in a process`,
  ].join('\n')
}

function scaled(place: number | undefined, cells: number): number | undefined {
  return place === undefined ? undefined : Math.round(place * (cells - 1))
}

function footOf({ x }: Chart, columns: number): string {
  const [least, most] = [bytes(x.least), bytes(x.most)]
  return `${' '.repeat(MARGIN + 1)}${least}${most.padStart(columns - least.length)}`
}

/** `≤1e-3`, `0.1`, `10`, `1e6`. */
export function tickText(value: number): string {
  if (value <= AS_GOOD_AS_NEVER * 1.001) return `≤${AS_GOOD_AS_NEVER.toExponential(0)}`
  return value >= 0.01 && value < 9999
    ? String(Number(value.toPrecision(1)))
    : value.toExponential(0).replace('+', '')
}
