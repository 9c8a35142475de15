import type { Revocade } from '../api.js'
import type { Target } from '../ports/index.js'
import { isRevokedBy } from './candidate.js'
import { internalsOf } from './internals.js'
import { TokenDigests } from './token-digests.js'
import { type Revocation, toRevocation } from './verdict.js'

/** A revocation in the store that a token matches. */
export interface NamingRow {
  readonly revocation: Revocation
  /** Whether it revokes the token now: in force, and with a cutoff that reaches it. */
  readonly applies: boolean
}

/** What names a token, and the revocations in the store that do. */
export interface Naming {
  /** Undefined where only selectors can match. */
  readonly target: Target | undefined
  readonly rows: readonly NamingRow[]
}

/**
 * Reads from the store, and only from there, every revocation that a token matches: by its own name and by
 * each selector that checks look for. For people who want to know why.
 *
 * @param token - a token, or claims of which perhaps only selectors can match
 * @throws {RevocadeError} ERR_INVALID_TOKEN, ERR_STORE_*
 */
export async function rowsNaming(engine: Revocade, token: unknown): Promise<Naming> {
  const { layers, store, settings } = internalsOf(engine, 'rowsNaming()')
  const { digester, live, timeClaims } = layers
  const digests = new TokenDigests(digester, timeClaims)
  const isIdentified = digester.tokenIfIdentifiable(token)
  digests.fill(isIdentified, [...live.configuredSelectors, digester.everyone])
  const target = isIdentified ? digester.targetOf(token) : undefined
  const found = await Promise.all(
    Array.from({ length: digests.length }, async (_, i) => {
      const matched = digests.matched(i)
      return { matched, row: await store.get(digests.at(i)) }
    }),
  )
  const now = settings.clock.now()
  const tolerance = settings.clockToleranceSeconds
  const rows = found.flatMap(({ matched, row }) =>
    row?.revoked === true
      ? [{ revocation: toRevocation(row), applies: isRevokedBy(row, matched, now, tolerance) }]
      : [],
  )
  return { target, rows: rows.toSorted((a, b) => Number(b.applies) - Number(a.applies)) }
}
