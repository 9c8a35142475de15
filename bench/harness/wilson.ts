/** Standard deviations of an interval that holds the rate with a probability of 95 %. */
const Z = 1.959964

/**
 * Wilson's score interval (1927): holds the true rate with a probability of 95 % where `hits` of `trials`
 * were counted. The textbook's p ± 2s fails for few hits and for none, which are what a good filter shows.
 */
export function wilsonInterval(hits: number, trials: number, z = Z): [number, number] {
  const rate = hits / trials
  const square = (z * z) / trials
  const centre = (rate + square / 2) / (1 + square)
  const half = (z / (1 + square)) * Math.sqrt((rate * (1 - rate)) / trials + square / (4 * trials))
  return [hits === 0 ? 0 : centre - half, hits === trials ? 1 : centre + half]
}
