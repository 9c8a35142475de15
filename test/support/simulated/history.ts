/** What a simulated server keeps of a revocation, in any form. */
export interface HeldRow {
  readonly digest: string
  readonly seq: number
  readonly revoked: boolean
  readonly expiresAt: number
  /** As `targetToJson` writes it. */
  readonly target: string
  readonly reason?: string | undefined
}

/** The row that a mutation makes of the old one; undefined: it changes nothing. */
export type Change<Row> = (seq: number, old: Row | undefined) => Row | undefined

/** A commit, and what it answered. */
export interface Applied {
  readonly tag: string
  readonly base: number
  readonly previous: string
  readonly seq: number
  readonly written: readonly { readonly seq: number; readonly expiresAt: number; readonly already: boolean }[]
}

/** What a server keeps beside the history: that a tag was cancelled, or the last batch of a process. */
export interface Note {
  readonly number?: number
  readonly applied?: Applied
}

const NOTHING: Applied = { tag: '', base: 0, previous: '', seq: 0, written: [] }

/** The history of a store in a server: commits without gaps, each with a tag. */
export class History<Row extends HeldRow> {
  rows: ReadonlyMap<string, Row> = new Map()
  #commits: readonly Applied[] = [NOTHING]
  /** As durable as the commits. */
  notes: ReadonlyMap<string, Note> = new Map()
  /** What came up that a test wants to see: a commit that was found again, one that came too late. */
  readonly counts = { again: 0, late: 0 }
  /** The longest that a question was on its way that made a commit, in milliseconds. */
  oldest = 0
  /** Called at the moment of each change. */
  onChange: (row: HeldRow) => void = () => undefined

  get head(): Applied {
    return this.#commits.at(-1) ?? NOTHING
  }

  /** The tag of the commit that made a change; undefined for one after the head. */
  tagAt(seq: number): string | undefined {
    return this.#commits.find((commit) => commit.seq >= seq)?.tag
  }

  /** The commit with a tag, among those after a number. */
  find(tag: string, after: number): Applied | undefined {
    return this.#commits.find((commit) => commit.seq > after && commit.tag === tag)
  }

  /** The rows after a number, in their order. */
  after(seq: number): Row[] {
    return [...this.rows.values()].filter((row) => row.seq > seq).toSorted((a, b) => a.seq - b.seq)
  }

  note(name: string, note: Note = {}): void {
    this.notes = new Map(this.notes).set(name, note)
  }

  /** @param age - how long the question was on its way */
  apply(tag: string, changes: readonly (readonly [digest: string, Change<Row>])[], age: number): Applied {
    this.oldest = Math.max(this.oldest, age)
    const { seq: base, tag: previous } = this.head
    const rows = new Map(this.rows)
    let seq = base
    const written = changes.map(([digest, change]) => {
      const old = rows.get(digest)
      const row = change(seq + 1, old)
      if (row === undefined) return { seq: 0, expiresAt: 0, already: false }
      seq++
      rows.set(digest, row)
      this.onChange(row)
      return { seq, expiresAt: row.expiresAt, already: row.revoked && old?.revoked === true }
    })
    const applied = { tag, base, previous, seq, written }
    this.rows = rows
    if (seq > base) this.#commits = [...this.#commits, applied]
    return applied
  }

  /** @returns what brings this state back */
  backup(): () => void {
    const [rows, commits, notes] = [this.rows, this.#commits, this.notes]
    return () => {
      this.rows = rows
      this.#commits = commits
      this.notes = notes
    }
  }
}
