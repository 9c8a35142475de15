/** Shown for a value that is not known. */
const UNKNOWN = '–'

/** A rounded number with thousands separators. */
export function whole(value: number | null): string {
  return value === null ? UNKNOWN : Math.round(value).toLocaleString('en')
}

/**
 * A share from 0 to 1 in per cent. A share above 0 is shown as at least 0.01 %, one below 1 as at most 99.99
 * %.
 */
export function percent(share: number | null): string {
  if (share === null) return UNKNOWN
  if (share === 0 || share === 1) return `${share * 100} %`
  return `${Math.min(99.99, Math.max(0.01, share * 100)).toFixed(2)} %`
}

/** A share from 0 to 1 that may be very small: `12 %`, `3.0 %`, `0.10 %`, `2.0e-7`. */
export function chance(share: number | null): string {
  if (share === null) return UNKNOWN
  if (share === 0) return '0'
  if (share >= 0.0995) return `${(share * 100).toFixed(0)} %`
  return share >= 0.000_95 ? `${(share * 100).toPrecision(2)} %` : share.toExponential(1)
}

/** A rate per second: a whole number, with one decimal below 10. */
export function perSecond(value: number | null): string {
  if (value === null || value === 0 || value >= 10) return whole(value)
  return value.toFixed(1)
}

/** Milliseconds as `1.2 ms`, `12 ms` or, from 10 seconds on, `12 s`. */
export function shortDuration(ms: number | null): string {
  if (ms === null) return UNKNOWN
  if (ms >= 10_000) return `${whole(ms / 1000)} s`
  return ms >= 10 ? `${whole(ms)} ms` : `${ms.toFixed(1)} ms`
}

/** A size in bytes, with a binary unit. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10))
  const amount = value / 1024 ** power
  const decimals = power === 0 || amount >= 100 ? 0 : 1
  return `${amount.toLocaleString('en', { maximumFractionDigits: decimals })} ${units[power]}`
}

/** A time in three digits, or in as many as told: `431 ns`, `3.81 µs`, `1.20 ms`. */
export function nanoseconds(ns: number, digits = 3): string {
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
