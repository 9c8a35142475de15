const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** The last values as bars, up to a width, the largest of them as the highest. A value that is not known is a gap. */
export function sparkline(values: readonly (number | null)[], width: number): string {
  const shown = width <= 0 ? [] : values.slice(-width)
  const top = Math.max(0, ...shown.map((value) => value ?? 0))
  return shown.map((value) => (value === null ? ' ' : bar(value, top))).join('')
}

/** What is not nothing stands out from the lowest bar. */
function bar(value: number, top: number): string {
  if (value <= 0 || top === 0) return BARS[0]
  return BARS[Math.max(1, Math.round((value / top) * (BARS.length - 1)))]
}
