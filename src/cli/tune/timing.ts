import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TokenClaims } from '../../api.js'
import type { Lookup } from '../../engine/lookup.js'
import { median } from '../statistics.js'

/** Nanoseconds of checks, without the batches that another program interrupted. */
export interface Timing {
  readonly mean: number
  /** Times of single checks without the time of reading the clock. */
  readonly singles: Float64Array
}

/** Checks in a batch: few, so that most batches are not interrupted. */
const BATCH = 256
/** Interrupted batches are left out if this share is undisturbed: fewer would be mostly the short ones. */
const ENOUGH = 1 / 8

/** The claims of a token with that `jti`: from JSON, with strings not seen before, as in a service. */
export function claimsOf(id: string): TokenClaims {
  return JSON.parse(
    `{"iss":"https://issuer.example.com/","sub":"auth0|64f1c2a9d0","jti":"${id}",` +
      '"iat":1790000000,"exp":4000000000,"client_id":"web"}',
  ) as TokenClaims
}

type Batch = Awaited<ReturnType<typeof timeBatch>>

/**
 * Times checks as a service makes them: `isClearlyActive`, and `isRevoked` only for the rest. It times a
 * batch as a whole, for the mean, then another check by check, for the quantiles, until each kind has
 * `checks` or the time is up.
 *
 * @param nextId - the id of the next token
 */
export async function timeChecks(
  lookup: Lookup,
  nextId: () => string,
  checks: number,
  limitMs: number,
): Promise<Timing> {
  const deadline = performance.now() + limitMs
  const clockNs = clockCost()
  const wholes: Batch[] = []
  const singles: Batch[] = []
  for (let left = checks; left === checks || (left > 0 && performance.now() < deadline); left -= BATCH) {
    const tokens = () => Array.from({ length: Math.min(BATCH, left) }, () => claimsOf(nextId()))
    wholes.push(await timeBatch(lookup, tokens(), deadline))
    singles.push(await timeBatch(lookup, tokens(), deadline, clockNs))
    await nextTurn()
  }
  const whole = calm(wholes)
  const total = whole.flatMap(({ times }) => times).reduce((sum, ns) => sum + ns, 0)
  return {
    mean: total / whole.reduce((sum, { checks }) => sum + checks, 0),
    singles: Float64Array.from(calm(singles).flatMap(({ times }) => times)),
  }
}

/**
 * Times the checks as a whole, or each alone if it knows what reading the clock takes. It stops at the
 * deadline, which only asynchronous checks can reach: so only these look at it.
 */
async function timeBatch(lookup: Lookup, claims: TokenClaims[], deadline: number, clockNs?: number) {
  const interruptionsBefore = interruptions()
  /** One of the whole batch, or one of each check. */
  const times: number[] = []
  let checks = 0
  let start = process.hrtime.bigint()
  for (const one of claims) {
    if (clockNs !== undefined) start = process.hrtime.bigint()
    const active = lookup.isClearlyActive(one)
    if (!active) await lookup.isRevoked(one)
    checks++
    if (clockNs !== undefined) times.push(Math.max(1, nanosecondsSince(start) - clockNs))
    if (!active && performance.now() > deadline) break
  }
  if (clockNs === undefined) times.push(nanosecondsSince(start))
  return { times, checks, interrupted: interruptions() > interruptionsBefore }
}

function calm(batches: Batch[]): Batch[] {
  const undisturbed = batches.filter(({ interrupted }) => !interrupted)
  return undisturbed.length >= batches.length * ENOUGH ? undisturbed : batches
}

/** How often another program has interrupted this one; always 0 on systems that don't count it. */
const interruptions = (): number => process.resourceUsage().involuntaryContextSwitches

const nanosecondsSince = (start: bigint): number => Number(process.hrtime.bigint() - start)

/** Nanoseconds between two consecutive reads of the clock. */
const clockCost = (): number =>
  median(Array.from({ length: 200 }, () => nanosecondsSince(process.hrtime.bigint())))
