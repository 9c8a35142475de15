import type { ShownRow } from '../shown-row.js'

/** What one name has done, among some changes. */
export interface ActorChanges {
  /** Undefined where none is recorded. */
  readonly actor: string | undefined
  /** Also what was taken back since. */
  readonly revoked: number
  /** What this name took back, whoever had revoked it. */
  readonly takenBack: number
  /** Milliseconds since 1970; 0 where it is not known: of what was taken back, only that time is kept. */
  readonly latest: number
}

const NOTHING = { revoked: 0, takenBack: 0, latest: 0 }

/** Changes by who made them: whoever made most comes first. */
export function byActor(rows: readonly ShownRow[]): readonly ActorChanges[] {
  const actors = new Map<string | undefined, ActorChanges>()
  const add = (actor: string | undefined, what: 'revoked' | 'takenBack', at: number): void => {
    const before = actors.get(actor) ?? { actor, ...NOTHING }
    actors.set(actor, { ...before, [what]: before[what] + 1, latest: Math.max(before.latest, at) })
  }
  for (const { actor, revoked, revokedAt, takenBackBy } of rows) {
    add(actor, 'revoked', revoked ? revokedAt : 0)
    if (!revoked) add(takenBackBy, 'takenBack', revokedAt)
  }
  return [...actors.values()].toSorted((a, b) => b.revoked + b.takenBack - (a.revoked + a.takenBack))
}
