/** `tick` orders what happens in one test; `ms` is its clock. */
export interface Moment {
  readonly tick: number
  readonly ms: number
}
/**
 * A commit in the store. `write` names the revocation, and tells its acknowledgement from those of others.
 */
export interface Fact {
  readonly target: string
  readonly revoked: boolean
  readonly at: Moment
  readonly write?: string | undefined
}
/** An engine was told that its revocation is durable. */
export interface Ack {
  readonly engine: number
  readonly target: string
  readonly write: string
  readonly at: Moment
}
export interface Check {
  readonly engine: number
  readonly targets: readonly string[]
  readonly start: Moment
  readonly end: Moment
  readonly status: string
}

/** The promise of docs/guarantees.md that a check breaks, if any. `stalenessMs`: Δ. */
export function brokenPromise(
  check: Check,
  facts: readonly Fact[],
  acks: readonly Ack[],
  stalenessMs: number,
): string | undefined {
  const { engine, start, end, status } = check
  for (const target of check.targets) {
    const changes = facts.filter((fact) => fact.target === target)
    const stands = (since: Fact): boolean =>
      !changes.some(({ revoked, at }) => !revoked && at.tick > since.at.tick && at.tick <= end.tick)
    const told = new Map(
      acks
        .filter((ack) => ack.engine === engine && ack.target === target && ack.at.tick < start.tick)
        .map(({ write, at }) => [write, at.tick]),
    )
    // Only its own commit: another engine's commit before the acknowledgement need not be known yet. Nor a
    // later one of the same revocation, which a failover had lost.
    const mine = changes.filter(({ write = '', at }) => at.tick <= (told.get(write) ?? -1))
    if (status === 'active' && mine.some(stands)) return `2: own ${target} active`
    const old = changes.filter(({ revoked, at }) => revoked && start.ms - at.ms > stalenessMs)
    if (status === 'active' && old.some(stands)) return `3: ${target} active too late`
  }
  const perhapsRevoked = check.targets.some((target) => {
    const changes = facts.filter((fact) => fact.target === target)
    const atWindow = changes.findLast(({ at }) => at.ms < start.ms - stalenessMs)
    return (
      atWindow?.revoked === true ||
      changes.some(({ revoked, at }) => revoked && at.ms >= start.ms - stalenessMs && at.tick <= end.tick)
    )
  })
  return status === 'revoked' && !perhapsRevoked ? '5: revoked, and it was not' : undefined
}
