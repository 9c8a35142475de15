import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TokenClaims } from '../../api.js'
import type { Lookup } from '../../engine/lookup.js'
import { ascending, median, sum } from './statistics.js'

/**
 * Tokens made at a time, just before they are checked: as in a service, from JSON, with strings not seen
 * before.
 */
const BATCH = 256

/** Nanoseconds of checks, without the batches that another program interrupted. */
export interface Timing {
  readonly mean: number
  /** Times of single checks without the time of reading the clock, ascending. */
  readonly singles: Float64Array
  /** Times of the checks among them that the prefilter did not answer. */
  readonly behind: Float64Array
}

/** The id of the token at an index of the run. */
export type TokenSource = (index: number) => string

/** The claims of a token with that `jti`, with fresh strings, as from a parser. */
export function claimsOf(id: string): TokenClaims {
  return JSON.parse(
    `{"iss":"https://issuer.example.com/","sub":"auth0|64f1c2a9d0","jti":"${id}",` +
      '"iat":1790000000,"exp":4000000000,"client_id":"web"}',
  ) as TokenClaims
}

/** A timed batch. `times`: one of the whole, or one of each check. */
interface Timed {
  readonly times: readonly number[]
  readonly behind: readonly number[]
  readonly checks: number
  readonly interrupted: boolean
}

/**
 * Times checks as a service makes them: `isClearlyActive`, and `isRevoked` only for the rest. It times a
 * batch as a whole, for the mean, then another check by check, for the quantiles, until each kind has
 * `checks` or the time is up.
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

/** Stops at the deadline, which only asynchronous checks can reach: so only these look at the clock. */
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

/** How often another program has interrupted this one; always 0 on systems that don't count it. */
function interruptions(): number {
  return process.resourceUsage().involuntaryContextSwitches
}

/**
 * Interrupted batches are left out if at least this share is undisturbed: fewer would be mostly the short
 * ones.
 */
const ENOUGH = 1 / 8

function undisturbed(batches: readonly Timed[]): readonly Timed[] {
  const calm = batches.filter(({ interrupted }) => !interrupted)
  return calm.length >= batches.length * ENOUGH ? calm : batches
}

function batch(source: TokenSource, from: number, most: number): TokenClaims[] {
  return Array.from({ length: Math.min(BATCH, most) }, (_, i) => claimsOf(source(from + i)))
}

/** Nanoseconds between two consecutive reads of the clock. */
function clockCost(): number {
  const gaps = Array.from({ length: 200 }, () => {
    const start = process.hrtime.bigint()
    return Number(process.hrtime.bigint() - start)
  })
  return median(gaps)
}
