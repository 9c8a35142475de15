import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TokenClaims } from '../../api.js'
import type { Lookup } from '../../lookup.js'

/** Tokens made at a time. What is checked is made just before, as it is in a service: parsed from JSON, no string seen before. */
const BATCH = 256

/** What checks took, in nanoseconds. */
export interface Timing {
  readonly mean: number
  /** Of the means of batches: what a pause of the machine does not move. */
  readonly median: number
  /** Each of many single checks, what reading the clock takes subtracted; ascending. */
  readonly singles: Float64Array
}

/** The id of the token to check at some place in the run. */
export type TokenSource = (index: number) => string

/** Fresh strings, as from a parser. `id` becomes the `jti`. */
export function claimsOf(id: string): TokenClaims {
  return JSON.parse(`{"iss":"https://issuer.example.com/","sub":"auth0|64f1c2a9d0","jti":"${id}","iat":1790000000,"exp":4000000000,"client_id":"web"}`) as TokenClaims
}

/**
 * Times checks of the tokens that `source` names, as services make them: the synchronous answer, and the promise only where there is none.
 * A batch as a whole, for the mean, then a batch one by one, for the quantiles, until `checks` are done of each or the time is up.
 */
export async function timeChecks(lookup: Lookup, source: TokenSource, checks: number, limitMs: number): Promise<Timing> {
  const deadline = performance.now() + limitMs
  const clockNs = clockCost()
  const singles: number[] = []
  const means: number[] = []
  let elapsed = 0
  let timed = 0
  for (let index = 0; timed < checks && (timed === 0 || performance.now() < deadline);) {
    const claims = batch(source, index, checks - timed)
    index += claims.length
    const start = process.hrtime.bigint()
    for (const one of claims) if (!lookup.isClearlyActive(one)) await lookup.isRevoked(one)
    const took = Number(process.hrtime.bigint() - start)
    elapsed += took
    timed += claims.length
    means.push(took / claims.length)
    for (const one of batch(source, index, claims.length)) {
      const before = process.hrtime.bigint()
      if (!lookup.isClearlyActive(one)) await lookup.isRevoked(one)
      singles.push(Number(process.hrtime.bigint() - before) - clockNs)
    }
    index += claims.length
    await nextTurn()
  }
  return {
    mean: elapsed / timed,
    median: quantile(Float64Array.from(means).sort(), 0.5),
    singles: Float64Array.from(singles, (ns) => Math.max(1, ns)).sort(),
  }
}

function batch(source: TokenSource, from: number, most: number): TokenClaims[] {
  return Array.from({ length: Math.min(BATCH, most) }, (_, i) => claimsOf(source(from + i)))
}

/** Of numbers in ascending order; 0 where there are none. */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted.at(Math.min(sorted.length - 1, Math.floor(sorted.length * share))) ?? 0
}

/** What two reads of the clock, one after the other, see between them. */
function clockCost(): number {
  const gaps = Array.from({ length: 200 }, () => {
    const start = process.hrtime.bigint()
    return Number(process.hrtime.bigint() - start)
  })
  return quantile(Float64Array.from(gaps).sort(), 0.5)
}
