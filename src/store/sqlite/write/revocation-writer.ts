import { RevocadeError } from '../../../errors.js'
import type { Written } from '../../../ports/index.js'
import type { Connection } from '../file/driver.js'
import { type ExistingRow, isLive, mergeRows } from './merge-rows.js'
import type { UnpackedMutation } from './mutation-codec.js'

/** The row that a mutation left. */
export type Changed = Pick<Written, 'expiresAt' | 'already'> & { readonly notBefore: number | null }

/** Writes the rows of revocations, within the transactions of a connection. */
export class RevocationWriter {
  readonly #namespace: number
  readonly #statements: ReturnType<typeof prepare>

  constructor(db: Connection, namespace: number) {
    this.#namespace = namespace
    this.#statements = prepare(db)
  }

  /**
   * Makes a mutation, under a number of its own.
   *
   * @param toleranceSeconds The store's.
   * @returns Undefined if it changes nothing.
   */
  apply(seq: number, mutation: UnpackedMutation, toleranceSeconds: number): Changed | undefined {
    return mutation.revoke
      ? this.#revoke(seq, mutation, toleranceSeconds)
      : this.#unrevoke(seq, mutation, toleranceSeconds)
  }

  #revoke(seq: number, mutation: UnpackedMutation, toleranceSeconds: number): Changed {
    const { insert, find, move } = this.#statements
    const { digest, target, selector } = mutation
    // Nearly every revocation is new: insert first, and read the row only if the digest exists.
    const { changes } = insert.run(
      seq,
      this.#namespace,
      digest,
      mutation.expiresAt,
      mutation.revokedAt,
      selector,
      target,
      mutation.issuedBefore,
      mutation.issuedThrough,
      mutation.reason,
      mutation.actor,
      mutation.notBefore,
    )
    if (changes === 1) return { ...mutation, already: false }
    const existing = find.get(this.#namespace, digest)
    if (existing === undefined) throw damaged('has a damaged index')
    const row = mergeRows(existing, mutation, toleranceSeconds)
    move.run(
      seq,
      row.expiresAt,
      row.revokedAt,
      selector,
      target,
      row.issuedBefore,
      row.issuedThrough,
      row.reason,
      row.actor,
      row.notBefore,
      existing[0],
    )
    return row
  }

  /** Returns undefined if no revocation was live. */
  #unrevoke(seq: number, mutation: UnpackedMutation, toleranceSeconds: number): Changed | undefined {
    const { find, bury } = this.#statements
    const existing = find.get(this.#namespace, mutation.digest)
    if (existing === undefined || !isLive(existing, toleranceSeconds, mutation.revokedAt)) return undefined
    const [at, , expiresAt] = existing
    bury.run(seq, mutation.revokedAt, at)
    return { expiresAt, already: false, notBefore: null }
  }
}

/** The error of a store that lacks what it must have. */
export const damaged = (how: string): RevocadeError =>
  new RevocadeError('ERR_STORE_CORRUPT', `the store ${how}: restore it from a backup`)

function prepare(db: Connection) {
  return {
    insert: db.prepare(`
      INSERT INTO revocations (seq, namespace, digest, revoked, expires_at, revoked_at, selector, target,
        issued_before, issued_through, reason, actor, not_before)
      VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (namespace, digest) DO NOTHING`),
    find: db
      .prepare<[namespace: number, digest: Buffer], ExistingRow>(
        `
      SELECT seq, revoked, expires_at, revoked_at, issued_before, issued_through, reason, actor, not_before
      FROM revocations WHERE namespace = ? AND digest = ?`,
      )
      .raw(),
    move: db.prepare(`
      UPDATE revocations SET seq = ?, revoked = 1, expires_at = ?, revoked_at = ?, selector = ?, target = ?,
        issued_before = ?, issued_through = ?, reason = ?, actor = ?, not_before = ? WHERE seq = ?`),
    bury: db.prepare('UPDATE revocations SET seq = ?, revoked = 0, revoked_at = ? WHERE seq = ?'),
  }
}
