import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TokenClaims } from '../../api.js'
import type { Lookup } from '../../engine/lookup.js'

/** Tokens made at a time. What is checked is made just before, as it is in a service: parsed from JSON, no string seen before. */
const BATCH = 256

/** What checks took, in nanoseconds, as far as other programs did not take the processor meanwhile. */
export interface Timing {
  readonly mean: number
  /** Each of many single checks, what reading the clock takes subtracted; ascending. */
  readonly singles: Float64Array
  /** Times of the checks among them that the prefilter did not answer. */
  readonly behind: Float64Array
}

/** The id of the token to check at some place in the run. */
export type TokenSource = (index: number) => string

/** Fresh strings, as from a parser. `id` becomes the `jti`. */
export function claimsOf(id: string): TokenClaims {
  return JSON.parse(
    `{"iss":"https://issuer.example.com/","sub":"auth0|64f1c2a9d0","jti":"${id}","iat":1790000000,"exp":4000000000,"client_id":"web"}`,
  ) as TokenClaims
}

/** A batch that was timed: as a whole, or each of its checks. */
interface Timed {
  readonly times: readonly number[]
  readonly behind: readonly number[]
  readonly checks: number
  readonly interrupted: boolean
}

/**
 * Times checks of the tokens that `source` names, as services make them: the synchronous answer, and the promise only where there is none.
 * A batch as a whole, for the mean, then a batch one by one, for the quantiles, until `checks` are done of each or the time is up.
 */
export async function timeChecks(
  lookup: Lookup,
  source: TokenSource,
  checks: number,
  limitMs: number,
): Promise<Timing> {
  const deadline = performance.now() + limitMs
  const clockNs = clockCost()
  const wholes: Timed[] = []
  const singles: Timed[] = []
  for (let index = 0; index < 2 * checks && (index === 0 || performance.now() < deadline);) {
    const size = Math.min(BATCH, checks - index / 2)
    wholes.push(await timeWhole(lookup, batch(source, index, size), deadline))
    singles.push(await timeSingles(lookup, batch(source, index + size, size), clockNs, deadline))
    index += 2 * size
    await nextTurn()
  }
  const [calm, calmSingles] = [undisturbed(wholes), undisturbed(singles)]
  return {
    mean: sum(calm.flatMap(({ times }) => times)) / sum(calm.map((one) => one.checks)),
    singles: ascending(calmSingles.flatMap(({ times }) => times)),
    behind: ascending(calmSingles.flatMap(({ behind }) => behind)),
  }
}

/** Past the deadline it is left where it is: only what is not answered at once can take so long, so only then is the time looked at. */
async function timeWhole(lookup: Lookup, claims: readonly TokenClaims[], deadline: number): Promise<Timed> {
  const interruptionsBefore = interruptions()
  let checks = 0
  const start = process.hrtime.bigint()
  for (const one of claims) {
    checks++
    if (lookup.isClearlyActive(one)) continue
    await lookup.isRevoked(one)
    if (performance.now() > deadline) break
  }
  const times = [Number(process.hrtime.bigint() - start)]
  return { times, behind: [], checks, interrupted: interruptions() > interruptionsBefore }
}

async function timeSingles(
  lookup: Lookup,
  claims: readonly TokenClaims[],
  clockNs: number,
  deadline: number,
): Promise<Timed> {
  const interruptionsBefore = interruptions()
  const times: number[] = []
  const behind: number[] = []
  for (const one of claims) {
    const start = process.hrtime.bigint()
    const active = lookup.isClearlyActive(one)
    if (!active) await lookup.isRevoked(one)
    const time = Math.max(1, Number(process.hrtime.bigint() - start) - clockNs)
    times.push(time)
    if (active) continue
    behind.push(time)
    if (performance.now() > deadline) break
  }
  return { times, behind, checks: times.length, interrupted: interruptions() > interruptionsBefore }
}

/** How often another program was given the processor that this one was using; always 0 where the system does not count it. */
function interruptions(): number {
  return process.resourceUsage().involuntaryContextSwitches
}

/** As many of the batches, at least, must be undisturbed for the others to be left out: of a few, it would be the short ones only. */
const ENOUGH = 1 / 8

function undisturbed(batches: readonly Timed[]): readonly Timed[] {
  const calm = batches.filter(({ interrupted }) => !interrupted)
  return calm.length >= batches.length * ENOUGH ? calm : batches
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

function batch(source: TokenSource, from: number, most: number): TokenClaims[] {
  return Array.from({ length: Math.min(BATCH, most) }, (_, i) => claimsOf(source(from + i)))
}

export function ascending(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort()
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
  return quantile(ascending(gaps), 0.5)
}
