import { existsSync, readFileSync } from 'node:fs'

type Line =
  | readonly ['opened']
  | readonly ['try', op: string, revoked: boolean, keys: readonly string[]]
  | readonly ['done', op: string, seq: number]
  | readonly ['failed', op: string, code: string, message: string]

interface Attempt {
  readonly revoked: boolean
  readonly keys: readonly string[]
}

/** What writers said they did to one store: which state each target must be in, and by which change. */
export class Ledger {
  /** By target; undefined: a change of it was under way when its writer was killed, so both are right. */
  readonly states = new Map<string, boolean | undefined>()
  /** The target of each acknowledged change, by its number. */
  readonly acknowledged = new Map<number, string>()
  /** The number of the acknowledged change that stands, by target. */
  readonly standing = new Map<string, number>()
  readonly failures: string[] = []
  /** Numbers that were acknowledged twice. */
  readonly duplicates: number[] = []
  opened = 0

  /** Reads a dead writer's log. Returns the targets it touched, and its unanswered changes of many targets. */
  absorb(path: string): {
    readonly touched: Set<string>
    readonly unanswered: readonly (readonly string[])[]
  } {
    const touched = new Set<string>()
    const open = new Map<string, Attempt>()
    // A line that the kill cut off was never said.
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
    for (const text of lines) {
      const line = JSON.parse(text) as Line
      if (line[0] === 'opened') this.opened++
      else if (line[0] === 'try') {
        const [, op, revoked, keys] = line
        open.set(op, { revoked, keys })
        for (const key of keys) {
          touched.add(key)
          this.states.set(key, undefined)
          this.standing.delete(key)
        }
      } else {
        const [what, op] = line
        const attempt = open.get(op)
        open.delete(op)
        if (what === 'failed' || attempt === undefined) this.failures.push(text)
        else this.#settle(attempt, line[2])
      }
    }
    return {
      touched,
      unanswered: [...open.values()].map(({ keys }) => keys).filter(({ length }) => length > 1),
    }
  }

  #settle({ revoked, keys }: Attempt, lastSeq: number): void {
    for (const [i, key] of keys.entries()) {
      this.states.set(key, revoked)
      // An un-revocation of what was not revoked changes nothing, and has no number.
      if (lastSeq === 0) continue
      // A group is one commit, numbered in its order; its receipt has the last number.
      const seq = lastSeq - (keys.length - 1 - i)
      if (this.acknowledged.has(seq)) this.duplicates.push(seq)
      this.acknowledged.set(seq, key)
      this.standing.set(key, seq)
    }
  }

  /** Acknowledged changes that the store lacks although no later change of the same target replaced them. */
  gaps(present: ReadonlySet<number>, head: number): string[] {
    const wrong: string[] = []
    for (let seq = 1; seq <= head; seq++) {
      if (present.has(seq)) continue
      const key = this.acknowledged.get(seq)
      if (key === undefined) wrong.push(`${seq}: missing, and never acknowledged`)
      else if (this.standing.get(key) === seq) wrong.push(`${seq}: missing, and stands`)
    }
    for (const seq of this.acknowledged.keys()) if (seq > head) wrong.push(`${seq}: past the head ${head}`)
    return wrong
  }
}
