import type { Digest, Prefilter } from '../ports/index.js'
import type { ExpiryHistogram } from './expiry-histogram.js'

/** One filter with what must be known of its entries. */
export interface Generation {
  readonly prefilter: Prefilter
  readonly expiries: ExpiryHistogram
  /**
   * The latest expiry (NumericDate seconds) for each selector shape with live entries: the JSON of its names.
   */
  readonly selectors: Map<string, number>
  /** NumericDate seconds, by the clock that filled the filter: what expired up to then may be missing. */
  readonly leftOutUpTo: number
}

/** Adds an entry to a filter. `expiresAt` in NumericDate seconds. */
export function addTo(
  generation: Generation,
  digest: Digest,
  expiresAt: number,
  selector: readonly string[] | undefined,
): void {
  if (generation.prefilter.add(digest)) generation.expiries.add(expiresAt)
  if (selector !== undefined) noteSelector(generation.selectors, selector, expiresAt)
}

/** Notes that a selector has entries until `expiresAt` (NumericDate seconds). */
export function noteSelector(
  selectors: Map<string, number>,
  names: readonly string[],
  expiresAt: number,
): void {
  const key = JSON.stringify(names)
  selectors.set(key, Math.max(expiresAt, selectors.get(key) ?? 0))
}
