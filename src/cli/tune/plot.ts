import type { Traffic } from '../../tuning/traffic.js'
import { bytes } from '../output/format-numbers.js'
import type { Row } from './candidate-table.js'

/** Lines of the plot. */
const HEIGHT = 14
/** Columns for the labels of the vertical axis. */
const MARGIN = 8
/** Reads a day: once in three years. Lower rates stand at the bottom. */
const AS_GOOD_AS_NEVER = 1e-3

/**
 * The trade-off in characters: memory to the right, false reads of the store upwards, both logarithmic.
 * Each candidate is a letter, the choice a capital; the budgets are lines. `width`: columns, at least 40.
 */
export function plotText(rows: readonly Row[], traffic: Traffic, width: number): string {
  const columns = Math.max(40, Math.min(100, width)) - MARGIN - 1
  const memory = rows.map(({ memoryBytes }) => memoryBytes)
  const [least, most] = [Math.min(...memory) / 1.3, Math.max(...memory) * 1.3]
  const mostReads = 2 * Math.max(...rows.map(readsOf), 1)
  const column = logarithmicAxis(least, most, columns)
  const line = logarithmicAxis(AS_GOOD_AS_NEVER, mostReads, HEIGHT)

  const { memoryBytes = Infinity, storeReadsPerDay = Infinity } = traffic
  const budget = { x: column(memoryBytes), y: line(Math.max(AS_GOOD_AS_NEVER, storeReadsPerDay)) }
  const hasBudget = budget.x !== undefined || budget.y !== undefined
  const cells: string[][] = Array.from({ length: HEIGHT }, (_, y) =>
    Array.from({ length: columns }, (_, x) => (x === budget.x ? '|' : y === budget.y ? '-' : ' ')),
  )
  // The choice is drawn last, over the candidates in the same cell.
  for (const row of rows.toSorted((a, b) => Number(a.chosen) - Number(b.chosen)))
    cells.at(line(readsOf(row)) ?? 0)?.splice(column(row.memoryBytes) ?? 0, 1, row.letter)
  const labels = new Map<number | undefined, string>()
  for (let power = Math.log10(AS_GOOD_AS_NEVER); power <= Math.log10(mostReads); power++)
    labels.set(line(10 ** power), tickText(10 ** power))

  const lines = cells.map((cell, y) => `${(labels.get(y) ?? '').padStart(MARGIN - 1)} │${cell.join('')}`)
  const indent = ' '.repeat(MARGIN)
  return [
    `false positives a day that reach the store${hasBudget ? '; the lines are the budget' : ''}`,
    ...lines.map((text) => text.trimEnd()).toReversed(),
    `${indent}└${'─'.repeat(columns)}`,
    `${indent} ${bytes(least)}${bytes(most).padStart(columns - bytes(least).length)}`,
    `${indent} memory in a process`,
  ].join('\n')
}

/** Finds the cell of a value on a logarithmic axis: undefined beyond its ends. */
function logarithmicAxis(least: number, most: number, cells: number): (value: number) => number | undefined {
  return (value) => {
    const place = Math.log(value / least) / Math.log(most / least)
    if (place < -1e-9 || place > 1 + 1e-9) return undefined
    return Math.round(Math.min(1, Math.max(0, place)) * (cells - 1))
  }
}

function readsOf({ falseStoreReadsPerDay }: Row): number {
  return Math.max(AS_GOOD_AS_NEVER, falseStoreReadsPerDay)
}

/** `≤1e-3`, `0.1`, `10`, `1e6`. */
function tickText(value: number): string {
  if (value <= AS_GOOD_AS_NEVER * 1.001) return `≤${AS_GOOD_AS_NEVER.toExponential(0)}`
  return value >= 0.01 && value < 9999
    ? String(Number(value.toPrecision(1)))
    : value.toExponential(0).replace('+', '')
}
