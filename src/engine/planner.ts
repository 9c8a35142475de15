import type { Revocade, RevokeOptions, RevokeWhereOptions, Selector, Token } from '../api.js'
import type { StoredRow, Target } from '../ports/index.js'
import { digestOfBytes } from '../token/identify.js'
import { internalsOf } from './internals.js'
import { readRevokeOptions, type RevokeMutation } from './revocation-request.js'
import { type Revocation, toRevocation } from './verdict.js'

/** What a call would write. */
export interface Plan {
  readonly target: Target
  /** When it would end. A later end that is there already would be kept. */
  readonly expiresAt: Date
  /** Selectors only: the cutoff; undefined: none, all tokens are meant. */
  readonly issuedBefore: Date | undefined
  /** Nothing would be stored: the token has expired. */
  readonly hasExpired: boolean
  /** What the store has of the same target now. */
  readonly present: Revocation | undefined
}

/** The calls of an engine that revoke, as they would be: nothing is written. */
export interface Planner {
  /** As `Revocade.revoke`, with the same refusals. */
  readonly revoke: (token: Token, options?: RevokeOptions) => Promise<Plan>
  /** As `Revocade.revokeWhere`, with the same refusals. */
  readonly revokeWhere: (selector: Selector, options?: RevokeWhereOptions) => Promise<Plan>
}

/** For previews: says what a call would write. */
export function plannerOf(engine: Revocade): Planner {
  const { layers, store } = internalsOf(engine, 'plannerOf()')
  const plan = async (mutation: RevokeMutation): Promise<Plan> => {
    const { target, expiresAt, issuedBefore } = mutation
    const row: StoredRow | undefined = await store.get(digestOfBytes(mutation.digest))
    return {
      target,
      expiresAt: new Date(expiresAt * 1000),
      issuedBefore: issuedBefore === undefined ? undefined : new Date(issuedBefore),
      hasExpired: layers.writer.hasExpired(mutation),
      present: row?.revoked === true ? toRevocation(row) : undefined,
    }
  }
  return {
    revoke: async (token, options = {}) => {
      readRevokeOptions(options, [])
      return plan(layers.mutations.ofToken(token, options))
    },
    revokeWhere: async (selector, options = {}) => {
      readRevokeOptions(options, ['issuedBefore', 'sameSecond'])
      return plan(layers.mutations.ofSelector(selector, options))
    },
  }
}
