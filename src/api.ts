import type { DecidedBy, Revocation, Verdict } from './engine/verdict.js'
import type { RevocadeError } from './errors.js'
import type { PrefilterKind, StoreStats, Target } from './ports/index.js'
import type { RedisStats } from './ports/prefix-cache.js'

/** A point in time: a `Date`, or NumericDate seconds (a number that can only be milliseconds is refused). */
export type Time = Date | number

/** What to do where nothing can decide: throw `ERR_UNAVAILABLE`, or take the token as revoked or active. */
export type UnknownPolicy = 'throw' | 'revoked' | 'active'

/** Decoded claims of a verified token. */
export type TokenClaims = Readonly<Record<string, unknown>>

/** A token: the raw JWT or opaque string, or the decoded claims of a JWT. */
export type Token = string | TokenClaims

/** Claims with their values; all must be equal for a token to match. */
export type Selector = Readonly<Record<string, string | number>>

export interface CheckOptions {
  /** Overrides the engine's `onUnknown` for this call. */
  readonly onUnknown?: UnknownPolicy | undefined
  /** Accept claims that name no single token (no `jti`): their selectors alone are looked up. Default false. */
  readonly selectorsOnly?: boolean | undefined
}

export interface RevokeOptions {
  /** When the revocation may be forgotten. Default: the token's `exp`. */
  readonly expiresAt?: Time | undefined
  /** Free text, kept with the revocation; at most 1,024 characters. */
  readonly reason?: string | undefined
  /** Who did it; at most 1,024 characters. */
  readonly actor?: string | undefined
  /** Resolve once durable (default), or once no engine with the same `maxStalenessMs` can still answer "active". */
  readonly ack?: 'durable' | 'fleet' | undefined
}

export interface RevokeWhereOptions extends RevokeOptions {
  /** Tokens whose `iat` is before this are revoked. Default: now. */
  readonly issuedBefore?: Time | undefined
  /** Tokens issued in the very second of `issuedBefore`: revoke them (default, the safe side) or keep them. */
  readonly sameSecond?: 'revoke' | 'keep' | undefined
}

/** An entry of {@link Revocade.revokeMany}. Any configured id claim may stand in place of `jti`. */
export type RevocationInput = (
  | { readonly token: Token; readonly expiresAt?: Time | undefined }
  | { readonly jti: string | number; readonly iss?: string | undefined; readonly expiresAt: Time }
  | { readonly sha256: string; readonly expiresAt: Time }
  | {
      readonly where: Selector
      readonly issuedBefore?: Time | undefined
      readonly sameSecond?: 'revoke' | 'keep' | undefined
      readonly expiresAt?: Time | undefined
    }
) & {
  readonly reason?: string | undefined
  readonly actor?: string | undefined
  readonly revokedAt?: Time | undefined
}

export interface RevokeManyOptions {
  readonly ack?: 'durable' | 'fleet' | undefined
  /**
   * Called for an entry that can't be used, which is then left out and counted in `invalid`. Without it the
   * first such entry ends the call with its error; what came before stays revoked.
   */
  readonly onInvalid?: ((error: RevocadeError, entry: unknown, index: number) => void) | undefined
  /** Called now and then with the number of entries that are durable. */
  readonly onProgress?: ((durable: number) => void) | undefined
}

/** What was done. */
export interface Receipt {
  /** Number of the change in the store; 0 where nothing was written. */
  readonly seq: number
  /**
   * `revoked` or `unrevoked`: written. `expired`: the token had already expired, nothing to store.
   * `unchanged`: there was no revocation to take back.
   */
  readonly outcome: 'revoked' | 'unrevoked' | 'expired' | 'unchanged'
  readonly target: Target
  /** The expiry that now stands: an earlier, longer one is kept. */
  readonly expiresAt: Date
  readonly durable: true
  readonly redis: 'written' | 'queued' | 'off'
  /** From then on no engine on this store with the same `maxStalenessMs` answers otherwise. */
  readonly effectiveEverywhereAt: Date
}

/** What {@link Revocade.revokeMany} did. */
export interface BulkReceipt {
  /** Number of the last change; 0 where nothing was written. */
  readonly seq: number
  /** Revocations written. */
  readonly count: number
  /** Entries that had already expired; not stored. */
  readonly expired: number
  /** Entries handed to `onInvalid`. */
  readonly invalid: number
  readonly durable: true
  readonly redis: 'written' | 'queued' | 'off'
  readonly effectiveEverywhereAt: Date
}

export interface ListQuery {
  /** Only single tokens, or only selectors. */
  readonly kind?: 'token' | 'selector' | undefined
  /** Include revocations that have expired but are not yet purged. Default false. */
  readonly includeExpired?: boolean | undefined
  /** Only changes after this number: where an earlier listing ended. */
  readonly afterSeq?: number | undefined
  /** At most so many. Default: all. */
  readonly limit?: number | undefined
}

export interface Stats {
  readonly prefilter: {
    readonly kind: PrefilterKind
    readonly entries: number
    readonly bytes: number
    readonly capacity: number
    readonly expectedFalsePositiveRate: number
    /** Of the digests that were not revoked, the share that L0 could not rule out; null before the first check. */
    readonly measuredFalsePositiveRate: number | null
    readonly rebuilds: number
  }
  /** Checks by the layer that decided them, since start. */
  readonly decided: Readonly<Record<DecidedBy, number>>
  readonly lease: { readonly live: boolean; readonly ageMs: number | null; readonly maxStalenessMs: number }
  readonly cache: { readonly entries: number; readonly capacity: number }
  /** Selectors with live revocations, and those in the store that this engine's `claims` do not honour. */
  readonly selectors: {
    readonly live: readonly (readonly string[])[]
    readonly notHonoured: readonly (readonly string[])[]
  }
  readonly store: StoreStats
  /** Null where no Redis is configured. */
  readonly redis: RedisStats | null
}

/** The engine. Its methods are bound: they may be taken off the object. */
export interface Revocade {
  /**
   * Has this token been revoked? Ask after its signature and times were verified.
   * O(1); resolves at once, without I/O, for nearly every token that is not revoked.
   * Rejects with `ERR_INVALID_TOKEN`, `ERR_TOKEN_NOT_IDENTIFIABLE`, `ERR_CLOSED`, or `ERR_UNAVAILABLE` where
   * nothing can decide and `onUnknown` is 'throw'.
   */
  readonly isRevoked: (token: Token, options?: CheckOptions) => Promise<boolean>
  /** Synchronous and never throws. True: proven not revoked, here and now. False: ask {@link Revocade.isRevoked}. */
  readonly isClearlyActive: (token: Token) => boolean
  /** As {@link Revocade.isRevoked}, with the layer that decided and the revocation; `unknown` is an answer here, not an error. */
  readonly check: (token: Token, options?: CheckOptions) => Promise<Verdict>
  /**
   * Revokes one token. Resolves once that is durable; from then on this engine never answers "active" for it.
   * Rejects with `ERR_INVALID_TOKEN`, `ERR_TOKEN_NOT_IDENTIFIABLE`, `ERR_NO_EXPIRY`, `ERR_INVALID_TIME`, `ERR_CONFIG`,
   * `ERR_NOT_DURABLE`, `ERR_UNAVAILABLE`, `ERR_STORE_*`, `ERR_CLOSED`.
   */
  readonly revoke: (token: Token, options?: RevokeOptions) => Promise<Receipt>
  /** Revokes every token whose claims equal the selector's and that was issued before `issuedBefore`. Errors as for {@link Revocade.revoke}. */
  readonly revokeWhere: (selector: Selector, options?: RevokeWhereOptions) => Promise<Receipt>
  /** Revokes a stream of entries, in order, thousands to a commit. Errors as for {@link Revocade.revoke}, and the iterable's own. */
  readonly revokeMany: (
    entries: Iterable<RevocationInput> | AsyncIterable<RevocationInput>,
    options?: RevokeManyOptions,
  ) => Promise<BulkReceipt>
  /** Takes one token's revocation back. A selector that matches the token still revokes it. */
  readonly unrevoke: (token: Token) => Promise<Receipt>
  /** Takes a selector's revocation back. */
  readonly unrevokeWhere: (selector: Selector) => Promise<Receipt>
  /** The revocations in the store, in order of `seq`, read in pages. */
  readonly list: (query?: ListQuery) => AsyncIterable<Revocation>
  readonly stats: () => Stats
  /** Waits for writes under way, then releases everything. Idempotent. */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}
