import type { Verdict } from 'revocade'

// The calls of engines and their answers, judged by the promises of docs/guarantees.md. Times are in milliseconds
// of one clock for all processes (CLOCK_MONOTONIC, `process.hrtime`).

interface Call {
  readonly engine: string
  /** Read before the call. */
  readonly start: number
  /** Read after the answer: of a change, the acknowledgement. */
  readonly end: number
}

/** `failed`: nobody knows whether it was committed, or when. The same holds for calls of a killed process. */
export type Change = Call & { readonly verdict: 'done' | 'failed' } & (
    | { readonly op: 'revoke' | 'unrevoke'; readonly token: number }
    | { readonly op: 'revokeWhere' | 'unrevokeWhere'; readonly sub: number }
  )

export interface Check extends Call {
  readonly op: 'check'
  readonly token: number
  /** The subject that the token names, where it does. */
  readonly sub?: number
  readonly verdict: Verdict['status']
  readonly decidedBy?: Verdict['decidedBy']
}

/** An engine is opened: what was acknowledged before, it knows from its start. */
export interface Opening extends Call {
  readonly op: 'open'
}

/** Nobody can ask the store. */
export interface Outage {
  readonly op: 'outage'
  readonly start: number
  readonly end: number
}

export type Line = Change | Check | Opening | Outage

/** The latest moment at which a change may have been committed. */
const latest = ({ verdict, end }: Change): number => (verdict === 'done' ? end : Infinity)

/** The changes of one target: of a token, or of a subject. */
interface Changes {
  readonly revoked: Change[]
  readonly unrevoked: Change[]
}

/**
 * Judges checks by all changes. A change takes effect at some moment of its call, so either of two overlapping
 * changes may be the later one: an answer that may be right counts as right.
 */
export class Judge {
  readonly #stalenessOf: (engine: string) => number
  readonly #changes = new Map<string, Changes>()
  readonly #opened = new Map<string, number>()
  readonly #outages: Outage[] = []

  /** @param stalenessOf Δ of each engine. */
  constructor(stalenessOf: (engine: string) => number) {
    this.#stalenessOf = stalenessOf
  }

  learn(lines: readonly Line[]): void {
    for (const line of lines) {
      if (line.op === 'open') this.#opened.set(line.engine, line.start)
      else if (line.op === 'outage') this.#outages.push(line)
      else if (line.op !== 'check') {
        const { revoked, unrevoked } = this.#of('sub' in line ? `s${line.sub}` : `t${line.token}`)
        if (line.op === 'revoke' || line.op === 'revokeWhere') revoked.push(line)
        else unrevoked.push(line)
      }
    }
  }

  /** The promise that a check breaks, or undefined. */
  brokenPromise(check: Check): string | undefined {
    const { verdict, decidedBy, engine, token } = check
    if (verdict === 'unknown')
      return decidedBy === undefined || decidedBy === 'policy'
        ? undefined
        : `promise 4, unknown is not active: '${decidedBy}' decided on unknown`
    const targets = [`t${token}`, ...(check.sub === undefined ? [] : [`s${check.sub}`])].map((target) =>
      this.#of(target),
    )
    const wrong =
      verdict === 'active' ? this.#wrongActive(check, targets) : this.#wrongRevoked(check, targets)
    const by = decidedBy === undefined ? '' : ` (${decidedBy})`
    return wrong && `${wrong}: ${engine} said '${verdict}' of ${token}${by} at ${check.start.toFixed(3)}`
  }

  /** A check that failed although the store could be asked. */
  isFailure({ verdict, start, end }: Check): boolean {
    return verdict === 'unknown' && !this.#isOut(start, end)
  }

  #wrongActive({ engine, start, end, decidedBy }: Check, targets: readonly Changes[]): string | undefined {
    if (decidedBy === 'policy')
      return "promise 4, unknown is not active: the policy, which is 'throw', decided"
    const stand = targets.flatMap(({ revoked, unrevoked }) =>
      revoked.filter(
        (change) =>
          change.verdict === 'done' &&
          change.end < start &&
          !unrevoked.some((undone) => latest(undone) > change.start && undone.start < end),
      ),
    )
    const last = (changes: readonly Change[]): string =>
      `${(start - Math.min(...changes.map((change) => change.end))).toFixed(3)} ms after the acknowledgement`
    const own = stand.filter((change) => change.engine === engine)
    if (own.length > 0) return `promise 2, read your writes, ${last(own)}`
    const before = stand.filter((change) => change.end < (this.#opened.get(engine) ?? -Infinity))
    if (before.length > 0) return `promise 1, durable: opened after it, ${last(before)}`
    const staleness = this.#stalenessOf(engine)
    const old = stand.filter((change) => start - change.end > staleness)
    return old.length > 0 ? `promise 3, bounded staleness of ${staleness} ms, ${last(old)}` : undefined
  }

  #wrongRevoked({ engine, start, end, decidedBy }: Check, targets: readonly Changes[]): string | undefined {
    if (decidedBy === 'prefilter') return 'promise 5, exact positives: the filter decided'
    if (decidedBy === 'redis' && !this.#isOut(start, end))
      return 'promise 5, exact positives: Redis decided while the store could be asked'
    const staleness = this.#stalenessOf(engine)
    const begun = targets.map(({ revoked, unrevoked }) => ({
      revoked: revoked.filter((change) => change.start <= end),
      unrevoked,
    }))
    // What an engine has taken back itself it knows at once.
    const knowsOf = (undone: Change): boolean =>
      undone.verdict === 'done' && undone.end + (undone.engine === engine ? 0 : staleness) < start
    const perhaps = begun.some(({ revoked, unrevoked }) =>
      revoked.some((change) => !unrevoked.some((undone) => knowsOf(undone) && undone.start > latest(change))),
    )
    if (perhaps) return undefined
    const wasRevoked = begun.some(({ revoked }) => revoked.length > 0)
    const when = wasRevoked
      ? `later than ${staleness} ms after it was un-revoked`
      : 'before anybody revoked it'
    return `promise 5, exact positives, ${when}`
  }

  #of(target: string): Changes {
    const found = this.#changes.get(target) ?? { revoked: [], unrevoked: [] }
    this.#changes.set(target, found)
    return found
  }

  #isOut(from: number, to: number): boolean {
    return this.#outages.some(({ start, end }) => start <= to && end >= from)
  }
}

/** All broken promises of a history. `stalenessOf`: Δ of each engine. */
export function judge(history: readonly Line[], stalenessOf: (engine: string) => number): string[] {
  const one = new Judge(stalenessOf)
  one.learn(history)
  return history.flatMap((line) => (line.op === 'check' ? (one.brokenPromise(line) ?? []) : []))
}

/** Promise 4: what was decided by policy is counted. `counted`: `stats().decided.policy`. */
export function miscounted(engine: string, unknown: number, counted: number): string | undefined {
  return unknown === counted
    ? undefined
    : `promise 4, unknown is not active: ${engine} counted ${counted} decisions by policy, and made ${unknown}`
}
