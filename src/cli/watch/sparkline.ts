const BARS = '▁▂▃▄▅▆▇█'

/** The last `width` values as bars, scaled to the largest. A value that is not known is a gap. */
export function sparkline(values: readonly (number | null)[], width: number): string {
  const shown = width <= 0 ? [] : values.slice(-width)
  const top = Math.max(0, ...shown.map((value) => value ?? 0))
  return shown.map((value) => (value === null ? ' ' : bar(value, top))).join('')
}

/** The lowest bar means 0; any larger value gets at least the next one. */
function bar(value: number, top: number): string {
  const height = value <= 0 || top === 0 ? 0 : Math.max(1, Math.round((value / top) * (BARS.length - 1)))
  return BARS.charAt(height)
}
