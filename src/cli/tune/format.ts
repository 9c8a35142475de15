/** A time in three digits, or in as many as told: `431 ns`, `3.81 µs`, `1.20 ms`. */
export function time(ns: number, digits = 3): string {
  const [amount, unit] = ns < 1000 ? [ns, 'ns'] : ns < 1e6 ? [ns / 1000, 'µs'] : [ns / 1e6, 'ms']
  return `${unit === 'ns' || amount >= 100 ? amount.toFixed(0) : amount.toPrecision(digits)} ${unit}`
}

/** A rate or a count that may be far below one: `42,010`, `0.64`, `3e-9`. */
export function few(value: number): string {
  if (value === 0) return '0'
  if (value >= 10) return Math.round(value).toLocaleString('en')
  return value >= 0.01 ? value.toPrecision(2) : value.toExponential(0).replace('+', '')
}

/** The same in six characters: `42,010`, `1.4e7`. */
export function short(value: number): string {
  return value < 99_999.5 ? few(value) : value.toExponential(1).replace('+', '')
}
