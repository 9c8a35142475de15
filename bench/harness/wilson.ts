/** For an interval that holds the rate 95 times in 100. */
const Z = 1.959964

/**
 * Between which rates the true one lies, 95 times in 100, where `hits` of `trials` were counted: Wilson's score interval (1927). Unlike the
 * textbook's p ± 2s it holds for few hits and for none, which is what a good filter shows.
 */
export function wilsonInterval(hits: number, trials: number, z = Z): [number, number] {
  const rate = hits / trials
  const square = (z * z) / trials
  const centre = (rate + square / 2) / (1 + square)
  const half = (z / (1 + square)) * Math.sqrt((rate * (1 - rate)) / trials + square / (4 * trials))
  return [hits === 0 ? 0 : centre - half, hits === trials ? 1 : centre + half]
}
