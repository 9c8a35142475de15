/** `tick` orders what happens in one test; `ms` is its clock. */
export interface Moment { readonly tick: number; readonly ms: number }
/** A commit in the store. */
export interface Fact { readonly target: string; readonly revoked: boolean; readonly at: Moment }
/** An engine was told that a commit is durable. */
export interface Ack extends Fact { readonly engine: number }
export interface Check { readonly engine: number; readonly targets: readonly string[]; readonly start: Moment; readonly end: Moment; readonly status: string }

/** The promise of docs/guarantees.md that a check breaks, if any. `stalenessMs`: Δ. */
export function brokenPromise(check: Check, facts: readonly Fact[], acks: readonly Ack[], stalenessMs: number): string | undefined {
  const { engine, start, end, status } = check
  for (const target of check.targets) {
    const changes = facts.filter((fact) => fact.target === target)
    const stands = (since: Fact): boolean => !changes.some(({ revoked, at }) => !revoked && at.tick > since.at.tick && at.tick <= end.tick)
    const mine = acks.filter((ack) => ack.engine === engine && ack.target === target && ack.at.tick < start.tick && ack.revoked)
    const committedBefore = (ack: Ack): Fact | undefined => changes.findLast(({ revoked, at }) => revoked && at.tick < ack.at.tick)
    if (status === 'active' && mine.some((ack) => { const fact = committedBefore(ack); return fact !== undefined && stands(fact) })) return `2: own ${target} active`
    const old = changes.filter(({ revoked, at }) => revoked && start.ms - at.ms > stalenessMs)
    if (status === 'active' && old.some(stands)) return `3: ${target} active too late`
  }
  const perhapsRevoked = check.targets.some((target) => {
    const changes = facts.filter((fact) => fact.target === target)
    const atWindow = changes.findLast(({ at }) => at.ms < start.ms - stalenessMs)
    return atWindow?.revoked === true || changes.some(({ revoked, at }) => revoked && at.ms >= start.ms - stalenessMs && at.tick <= end.tick)
  })
  return status === 'revoked' && !perhapsRevoked ? '5: revoked, and it was not' : undefined
}
