import type { StoredRow } from '../../../ports/index.js'

/** What one name has done, among some changes. */
export interface ActorChanges {
  /** Undefined where none is recorded. */
  readonly actor: string | undefined
  readonly revoked: number
  /** Of those, what was taken back since, by whomever. */
  readonly takenBack: number
  /** Milliseconds since 1970. */
  readonly latest: number
}

/** Changes by who made them: whoever made most comes first. */
export function byActor(rows: readonly StoredRow[]): readonly ActorChanges[] {
  const actors = new Map<string | undefined, ActorChanges>()
  for (const { actor, revoked, revokedAt } of rows) {
    const before = actors.get(actor) ?? { revoked: 0, takenBack: 0, latest: 0 }
    actors.set(actor, {
      actor,
      revoked: before.revoked + 1,
      takenBack: before.takenBack + (revoked ? 0 : 1),
      latest: Math.max(before.latest, revokedAt),
    })
  }
  return [...actors.values()].toSorted((a, b) => b.revoked - a.revoked)
}
