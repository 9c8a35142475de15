/**
 * A line of a history: what one engine did or was told, and when. Times are in milliseconds of one clock for all
 * processes (CLOCK_MONOTONIC, `process.hrtime`).
 */
export interface Line {
  readonly engine: string
  /** `revoke`: `end` is the acknowledgement. */
  readonly op: 'revoke' | 'check'
  readonly token: number
  /** Read before the call. */
  readonly start: number
  /** Read after the answer. */
  readonly end: number
  /** Of a check; of a revocation `done`, or `failed`: then the token counts neither as revoked nor as active. */
  readonly verdict: 'active' | 'revoked' | 'unknown' | 'done' | 'failed'
}

/** The promise of docs/guarantees.md that a check breaks in a history without un-revocations, or undefined. */
export function brokenPromise(check: Line, revocation: Line | undefined, stalenessMs: number): string | undefined {
  const { verdict, engine, token, start, end } = check
  const told = `${engine} said '${verdict}' of ${token}`
  if (verdict === 'revoked' && (revocation === undefined || end < revocation.start)) {
    return `promise 5, exact positives: ${told} before anybody revoked it`
  }
  if (verdict !== 'active' || revocation?.verdict !== 'done' || start <= revocation.end) return undefined
  const late = start - revocation.end
  const by = `in a check that started ${late.toFixed(3)} ms after the acknowledgement`
  if (revocation.engine === engine) return `promise 2, read your writes: ${told} ${by}`
  return late > stalenessMs ? `promise 3, bounded staleness of ${stalenessMs} ms: ${told} ${by}` : undefined
}

/** All broken promises of a history. `stalenessOf`: Δ of each engine. */
export function judge(history: readonly Line[], stalenessOf: (engine: string) => number): string[] {
  const revocations = new Map(history.filter(({ op }) => op === 'revoke').map((line) => [line.token, line]))
  const checks = history.filter(({ op }) => op === 'check')
  return checks.flatMap((check) => brokenPromise(check, revocations.get(check.token), stalenessOf(check.engine)) ?? [])
}
