import { isRevokedBy, type Matched } from '../engine/candidate.js'
import type { EngineInternals } from '../engine/internals.js'
import { TokenDigests } from '../engine/token-digests.js'
import type { Digest, MaybePromise, SessionCondition, StoredRow } from '../ports/index.js'
import { digestBytes } from '../token/identify.js'

/** What the store has of one selector that a session matches. */
export interface Match {
  readonly digest: Digest
  readonly matched: Matched
  /** Undefined where there is no row, or, unless it was asked exactly, where the prefilter knows of none. */
  readonly row: StoredRow | undefined
}

/** A cutoff is compared with `iat`, whatever the engine compares it with in tokens. */
const NO_TIME_CLAIMS: ConstructorParameters<typeof TokenDigests>[1] = new Map()

/**
 * The revocations that a session matches by its claims: those by `sub`, `sid` and `client_id` that the engine
 * honours, and the one of everybody. A cutoff is compared with the time at which the session began.
 */
export class LiveRevocations {
  readonly #engine: EngineInternals

  constructor(engine: EngineInternals) {
    this.#engine = engine
  }

  /** Whether what the prefilter rules out is not in the store, but for the changes of the last Δ. */
  isFollowed(): boolean {
    return this.#engine.layers.lookup.isFresh()
  }

  /**
   * Looks up the revocations that claims match.
   *
   * @param exactly - ask the store for each; else only for those that the prefilter can't rule out
   * @returns at once, without a promise, where the store need not be asked or answers at once
   */
  of(claims: Readonly<Record<string, unknown>>, exactly: boolean): MaybePromise<readonly Match[]> {
    const { layers, store } = this.#engine
    const { digester, live } = layers
    const digests = new TokenDigests(digester, NO_TIME_CLAIMS)
    digests.fill(digester.tokenIfIdentifiable(claims), [...live.configuredSelectors, digester.everyone])
    const matches: Match[] = []
    const waiting: Promise<void>[] = []
    for (let i = 0; i < digests.length; i++) {
      const [digest, matched] = [digests.at(i), digests.matched(i)]
      const row = exactly || live.prefilter.has(digest) ? store.get(digest) : undefined
      if (row instanceof Promise)
        waiting.push(row.then((found) => void (matches[i] = { digest, matched, row: found })))
      else matches[i] = { digest, matched, row }
    }
    return waiting.length === 0 ? matches : Promise.all(waiting).then(() => matches)
  }

  /** Those that are in force, as far as they revoke what was issued at the time of the claims. */
  revoking(matches: readonly Match[], now: number): StoredRow[] {
    const { settings, store } = this.#engine
    const tolerance = Math.max(settings.clockToleranceSeconds, store.clockToleranceSeconds ?? 0)
    return matches.flatMap(({ row, matched }) =>
      row !== undefined && isRevokedBy(row, matched, now, tolerance) ? [row] : [],
    )
  }
}

/** That no revocation of these came in between. */
export const conditionsOf = (matches: readonly Match[]): SessionCondition[] =>
  matches.map(({ digest, row }) => ({ digest: digestBytes(digest), seq: row?.seq ?? 0 }))
