import type { Traffic } from '../../tuning/traffic.js'
import { bytes } from '../output/format-numbers.js'
import type { Row } from './candidate-table.js'

/** Lines of the plot. */
const HEIGHT = 14
/** Columns for the labels of the vertical axis. */
const MARGIN = 8
/** Reads a day: once in three years. Lower rates stand at the bottom. */
const AS_GOOD_AS_NEVER = 1e-3

/** A logarithmic axis, drawn in some number of cells. */
class Axis {
  readonly least: number
  readonly most: number
  readonly cells: number

  constructor(least: number, most: number, cells: number) {
    this.least = least
    this.most = most
    this.cells = cells
  }

  /** The cell of a value; undefined beyond the ends. */
  at(value: number): number | undefined {
    const place = Math.log(value / this.least) / Math.log(this.most / this.least)
    if (place < -1e-9 || place > 1 + 1e-9) return undefined
    return Math.round(Math.min(1, Math.max(0, place)) * (this.cells - 1))
  }

  /** The powers of ten on the axis. */
  ticks(): number[] {
    const first = Math.ceil(Math.log10(this.least) - 1e-9)
    const count = Math.max(0, Math.floor(Math.log10(this.most)) - first + 1)
    return Array.from({ length: count }, (_, i) => 10 ** (first + i))
  }
}

/**
 * The trade-off in characters: memory to the right, false reads of the store upwards, both logarithmic.
 * Each candidate is a letter, the choice a capital; the budgets are lines. `width`: columns, at least 40.
 */
export function plotText(rows: readonly Row[], traffic: Traffic, width: number): string {
  const columns = Math.max(40, Math.min(100, width)) - MARGIN - 1
  const memory = rows.map(({ prediction }) => prediction.memoryBytes)
  const x = new Axis(Math.min(...memory) / 1.3, Math.max(...memory) * 1.3, columns)
  const y = new Axis(AS_GOOD_AS_NEVER, Math.max(...rows.map(readsOf), 1) * 2, HEIGHT)
  const { memoryBytes = Infinity, storeReadsPerDay = Infinity } = traffic
  const budget = { x: x.at(memoryBytes), y: y.at(Math.max(AS_GOOD_AS_NEVER, storeReadsPerDay)) }
  const cells = emptyCells(budget, columns)
  // The choice is drawn last, over the candidates in the same cell.
  for (const row of rows.toSorted((a, b) => Number(a.chosen) - Number(b.chosen))) {
    const column = x.at(row.prediction.memoryBytes)
    if (column !== undefined) cells.at(y.at(readsOf(row)) ?? 0)?.splice(column, 1, row.letter)
  }
  const labels = new Map(y.ticks().map((tick) => [y.at(tick), tickText(tick)]))
  const lines = cells.map((line, i) => `${(labels.get(i) ?? '').padStart(MARGIN - 1)} │${line.join('')}`)
  const indent = ' '.repeat(MARGIN)
  const [least, most] = [bytes(x.least), bytes(x.most)]
  const hasBudget = budget.x !== undefined || budget.y !== undefined
  return [
    `false positives a day that reach the store${hasBudget ? '; the lines are the budget' : ''}`,
    ...lines.map((line) => line.trimEnd()).toReversed(),
    `${indent}└${'─'.repeat(columns)}`,
    `${indent} ${least}${most.padStart(columns - least.length)}`,
    `${indent} memory in a process`,
  ].join('\n')
}

/** The cells of the plot, the lowest line first, with nothing but the lines of the budget. */
function emptyCells(
  budget: { readonly x: number | undefined; readonly y: number | undefined },
  columns: number,
): string[][] {
  return Array.from({ length: HEIGHT }, (_, y) =>
    Array.from({ length: columns }, (_, x) => {
      if (x === budget.x) return '|'
      return y === budget.y ? '-' : ' '
    }),
  )
}

function readsOf({ prediction }: Row): number {
  return Math.max(AS_GOOD_AS_NEVER, prediction.falseStoreReadsPerDay)
}

/** `≤1e-3`, `0.1`, `10`, `1e6`. */
function tickText(value: number): string {
  if (value <= AS_GOOD_AS_NEVER * 1.001) return `≤${AS_GOOD_AS_NEVER.toExponential(0)}`
  return value >= 0.01 && value < 9999
    ? String(Number(value.toPrecision(1)))
    : value.toExponential(0).replace('+', '')
}
