import type { Change, Digest, Mutation, Target, Written } from '../ports/index.js'
import { selectorOf } from './revocation-request.js'

/** A mutation, and what the layers of this engine must know of it once it is committed. */
export interface Write {
  readonly mutation: Mutation
  readonly target: Target
  readonly digest: Digest
  /** Part of a mark: nothing is revoked, and nothing is taken back. */
  readonly isMark?: boolean
}

/** The changes that a commit made: one per write, but none for a write that had nothing to change. */
export function changesOf(writes: readonly Write[], written: readonly Written[]): Change[] {
  const changes: Change[] = []
  for (const [i, { seq, expiresAt }] of written.entries()) {
    const write = writes.at(i)
    if (seq === 0 || write === undefined) continue
    const { mutation, target, digest, isMark = false } = write
    const selector = selectorOf(target)
    const revoked = mutation.op === 'revoke' && !isMark
    changes.push({ digest, seq, revoked, expiresAt, ...(selector === undefined ? {} : { selector }) })
  }
  return changes
}
