import Table from 'cli-table3'
import type { Row, Unit } from './types.js'

/** Whether a row meets its target; empty where it has none. */
export function verdict({ value, target }: Row): 'pass' | 'miss' | '' {
  if (target === undefined) return ''
  return (target.at === 'most' ? value <= target.value : value >= target.value) ? 'pass' : 'miss'
}

/** The rows of a case as a table of text. */
export function tableOf(rows: readonly Row[]): string {
  const table = new Table({
    head: ['', 'measured', 'target', '', 'from'],
    colAligns: ['left', 'right', 'right', 'left', 'left'],
    style: { head: [], border: [] },
  })
  for (const row of rows)
    table.push([row.what, quantity(row.value, row.unit), bound(row), verdict(row), row.from ?? ''])
  return table.toString()
}

/** The target as text, such as `≤ 1.4×`; empty where there is none. */
export function bound({ target, unit }: Row): string {
  return target === undefined ? '' : `${target.at === 'most' ? '≤' : '≥'} ${quantity(target.value, unit)}`
}

/** A value with its unit, to two digits after the point at most. */
export function quantity(value: number, unit: Unit): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  const number = value.toLocaleString('en', { maximumFractionDigits: digits })
  return unit === 'x' || unit === '/s'
    ? `${number}${unit === 'x' ? '×' : '/s'}`
    : `${number} ${unit}`.trimEnd()
}

/** Nanoseconds as text, in ns, µs, ms or s by their size. */
export function duration(ns: number): string {
  if (ns < 1000) return quantity(ns, 'ns')
  if (ns < 1e6) return quantity(ns / 1000, 'µs')
  return ns < 1e9 ? quantity(ns / 1e6, 'ms') : quantity(ns / 1e9, 's')
}
