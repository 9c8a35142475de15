import type { Mutation, StoredRow } from '../../ports/index.js'
import { digestBytes } from '../../token/digest-bytes.js'
import type { OpenNamespace } from './open-store.js'

/** What became of the rows. */
export interface WrittenRows {
  /** Revocations that were written. */
  readonly written: number
  /** Revocations that the store had already, at least as wide. */
  readonly present: number
  /** Revocations that were taken back, because they were taken back in the source. */
  readonly takenBack: number
}

/** Whether a row revokes all that another one revokes, as long, and from as early on. */
export function covers(row: StoredRow | undefined, other: StoredRow): boolean {
  return (
    row?.revoked === true &&
    row.expiresAt >= other.expiresAt &&
    (row.issuedThrough ?? Infinity) >= (other.issuedThrough ?? Infinity) &&
    (row.notBefore ?? 0) <= (other.notBefore ?? 0)
  )
}

/**
 * Writes rows of one store to another one, with digests under that one's key. Writing the same rows again
 * changes nothing. A revocation is never narrowed: of two for one target the wider parts stand.
 */
export class RowWriter {
  readonly #target: OpenNamespace
  readonly #takesBack: boolean
  #totals: WrittenRows = { written: 0, present: 0, takenBack: 0 }

  /** @param takesBack - false: tombstones are passed over, so that a revocation is never taken back */
  constructor(target: OpenNamespace, takesBack: boolean) {
    this.#target = target
    this.#takesBack = takesBack
  }

  get totals(): WrittenRows {
    return this.#totals
  }

  /** Resolves once the rows are durable. */
  async write(rows: readonly StoredRow[]): Promise<void> {
    const { store, digestOf } = this.#target
    const digests = rows.map(({ target }) => digestOf(target))
    const held = await Promise.all(digests.map(async (digest) => store.get(digest)))
    const mutations: Mutation[] = []
    let { written, present, takenBack } = this.#totals
    for (const [i, row] of rows.entries()) {
      const digest = digests.at(i)
      if (digest === undefined) continue
      const there = held.at(i)
      if (row.revoked) {
        if (covers(there, row)) present++
        else {
          written++
          mutations.push({ op: 'revoke', digest: digestBytes(digest), ...row })
        }
      } else if (this.#takesBack && isOlder(there, row)) {
        takenBack++
        mutations.push({ op: 'unrevoke', digest: digestBytes(digest), revokedAt: row.revokedAt })
      }
    }
    if (mutations.length > 0) await store.write(mutations)
    this.#totals = { written, present, takenBack }
  }
}

/** What was revoked again since, or at the same moment, stays revoked. */
const isOlder = (there: StoredRow | undefined, tombstone: StoredRow): boolean =>
  there?.revoked === true && there.revokedAt < tombstone.revokedAt
