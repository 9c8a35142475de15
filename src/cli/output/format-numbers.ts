/** Numbers for people. What is not known is a dash. */
const UNKNOWN = '–'

export function whole(value: number | null): string {
  return value === null ? UNKNOWN : Math.round(value).toLocaleString('en')
}

/** A share of all. What is not nothing is never shown as 0 %, nor what is not all as 100 %. */
export function percent(share: number | null): string {
  if (share === null) return UNKNOWN
  if (share === 0 || share === 1) return `${share * 100} %`
  return `${Math.min(99.99, Math.max(0.01, share * 100)).toFixed(2)} %`
}

/** A share of all, be it large or next to nothing: `12 %`, `3.0 %`, `0.10 %`, `2.0e-7`. */
export function chance(share: number | null): string {
  if (share === null) return UNKNOWN
  if (share === 0) return '0'
  if (share >= 0.0995) return `${(share * 100).toFixed(0)} %`
  return share >= 0.000_95 ? `${(share * 100).toPrecision(2)} %` : share.toExponential(1)
}

/** Something a second: whole, but a trickle is not shown as nothing. */
export function perSecond(value: number | null): string {
  if (value === null || value === 0 || value >= 10) return whole(value)
  return value.toFixed(1)
}

/** A time that is short as a rule. */
export function shortDuration(ms: number | null): string {
  if (ms === null) return UNKNOWN
  if (ms >= 10_000) return `${whole(ms / 1000)} s`
  return ms >= 10 ? `${whole(ms)} ms` : `${ms.toFixed(1)} ms`
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10))
  const amount = value / 1024 ** power
  return `${amount.toLocaleString('en', { maximumFractionDigits: power === 0 || amount >= 100 ? 0 : 1 })} ${units[power]}`
}
