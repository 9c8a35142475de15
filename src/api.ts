import type { DecidedBy, Revocation, Verdict } from './engine/verdict.js'
import type { RevocadeError } from './errors.js'
import type { PrefilterKind, StoreStats } from './ports/index.js'
import type { RedisStats } from './ports/prefix-cache.js'
import type { BulkReceipt, Receipt } from './receipt.js'
import type { Token } from './token/token.js'

export type { BulkReceipt, Receipt } from './receipt.js'
export type { RegisteredClaims, Token, TokenClaims } from './token/token.js'

/** A point in time: a `Date`, or NumericDate seconds. A number that can only be milliseconds is refused. */
export type Time = Date | number

/**
 * What a check does when nothing can decide: throw `ERR_UNAVAILABLE`, or take the token as revoked or active.
 */
export type UnknownPolicy = 'throw' | 'revoked' | 'active'

/**
 * Claims with their values; all must be equal for a token to match. A number equals its decimal string. A
 * name that begins with `/` is a JSON Pointer to a nested claim: `{ '/realm_access/roles': 'admin' }`. `{}`
 * matches all tokens of everybody, opaque strings too. TypeScript takes no `interface` here: spread it,
 * `revokeWhere({ ...selector })`.
 */
export type Selector = Readonly<Record<string, string | number>>

/** Options of {@link Revocade.isRevoked} and {@link Revocade.check}. */
export interface CheckOptions {
  /** Overrides the engine's `onUnknown` for this call. */
  readonly onUnknown?: UnknownPolicy | undefined
  /**
   * Accepts claims that don't identify a token, such as claims without `jti`: only their selectors are looked
   * up. Claims that match no configured selector either are refused.
   *
   * @default false
   */
  readonly selectorsOnly?: boolean | undefined
}

/** Options of {@link Revocade.revoke}. */
export interface RevokeOptions {
  /**
   * When the revocation begins to count, by the clocks of the engines and without tolerance; until then the
   * token is active. An earlier start that is stored already stands. `ERR_INVALID_TIME` if the revocation
   * would end first.
   *
   * @default at once
   */
  readonly notBefore?: Time | undefined
  /**
   * When the revocation may be forgotten.
   *
   * @default the token's `exp`
   */
  readonly expiresAt?: Time | undefined
  /** Free text that is kept; at most 1,024 characters. A JWT or PASETO in it becomes `<token>`. */
  readonly reason?: string | undefined
  /** Who did it; at most 1,024 characters. A JWT or PASETO in it becomes `<token>`. */
  readonly actor?: string | undefined
  /**
   * `durable`: the call resolves once the change is durable. `fleet`: it resolves once no engine with the
   * same `maxStalenessMs` can still answer "active".
   *
   * @default 'durable'
   */
  readonly ack?: 'durable' | 'fleet' | undefined
}

/** Options of {@link Revocade.unrevoke} and {@link Revocade.unrevokeWhere}. */
export interface UnrevokeOptions {
  /**
   * Who takes it back; at most 1,024 characters. It is kept as long as the revocation would have been, and
   * shown by the admin page. A listing shows no revocation that was taken back.
   *
   * @default not recorded
   */
  readonly actor?: string | undefined
}

/** Options of {@link Revocade.revokeWhere}. */
export interface RevokeWhereOptions extends RevokeOptions {
  /**
   * Tokens whose `iat`, or what the option `claims` names as `issuedAt`, is before this are revoked; with
   * 'ever' all of them, also those issued later, until the revocation expires. Say 'ever' to end a session: a
   * request under way may still sign a token for it. 'ever' stands over any time.
   *
   * @default now, and the option `issuerClockAheadSeconds` later
   */
  readonly issuedBefore?: Time | 'ever' | undefined
  /**
   * What happens to tokens issued in the same second as `issuedBefore`. `revoke` is the safe choice.
   *
   * @default 'revoke'
   */
  readonly sameSecond?: 'revoke' | 'keep' | undefined
}

/** An entry of {@link Revocade.revokeMany}. Any configured id claim may be given instead of `jti`. */
export type RevocationInput = (
  | { readonly token: Token; readonly expiresAt?: Time | undefined }
  | { readonly jti: string | number; readonly iss?: string | undefined; readonly expiresAt: Time }
  | { readonly sha256: string; readonly expiresAt: Time }
  | {
      readonly where: Selector
      readonly issuedBefore?: Time | 'ever' | undefined
      readonly sameSecond?: 'revoke' | 'keep' | undefined
      readonly expiresAt?: Time | undefined
    }
) & {
  readonly notBefore?: Time | undefined
  readonly reason?: string | undefined
  readonly actor?: string | undefined
  readonly revokedAt?: Time | undefined
}

/** Options of {@link Revocade.revokeMany}. */
export interface RevokeManyOptions {
  readonly ack?: 'durable' | 'fleet' | undefined
  /**
   * Called for an entry that can't be used. The entry is then left out and counted in `invalid`. Without this
   * function, the first such entry ends the call with its error, and the entries before it stay revoked.
   */
  readonly onInvalid?: ((error: RevocadeError, entry: unknown, index: number) => void) | undefined
  /** Called from time to time with the number of entries that are durable. */
  readonly onProgress?: ((durable: number) => void) | undefined
}

/** Which revocations {@link Revocade.list} returns. */
export interface ListQuery {
  /** Only single tokens, or only selectors. */
  readonly kind?: 'token' | 'selector' | undefined
  /**
   * Also revocations that have expired and are not purged yet.
   *
   * @default false
   */
  readonly includeExpired?: boolean | undefined
  /** Only changes after this sequence number, such as the last one of an earlier listing. */
  readonly afterSeq?: number | undefined
  /**
   * The greatest number of revocations to return.
   *
   * @default all
   */
  readonly limit?: number | undefined
}

/** Counts and sizes of one engine. */
export interface Stats {
  readonly prefilter: {
    readonly kind: PrefilterKind
    readonly entries: number
    readonly bytes: number
    readonly capacity: number
    readonly expectedFalsePositiveRate: number
    /**
     * The share of digests not revoked that the prefilter could not rule out; null before the first check.
     */
    readonly measuredFalsePositiveRate: number | null
    readonly rebuilds: number
  }
  /** Number of checks since the start, by the layer that decided them. */
  readonly decided: Readonly<Record<DecidedBy, number>>
  readonly lease: { readonly live: boolean; readonly ageMs: number | null; readonly maxStalenessMs: number }
  /**
   * What became of the store's history since the start. `divergences`: how often it was another one, after a
   * failover or a restore. Of the changes that this engine made in the two minutes before, and that the other
   * history lacks: `rewritten` revocations were written again, `pending` ones are still to be, and `lost`
   * changes are not written again, because they are un-revocations or too many.
   */
  readonly history: {
    readonly divergences: number
    readonly rewritten: number
    readonly pending: number
    readonly lost: number
  }
  readonly cache: { readonly entries: number; readonly capacity: number }
  /**
   * `live`: selectors with live revocations; `[]` is that of everybody. `notHonoured`: selectors in the store
   * that are not among this engine's `claims`, so that checks don't look for them.
   */
  readonly selectors: {
    readonly live: readonly (readonly string[])[]
    readonly notHonoured: readonly (readonly string[])[]
  }
  readonly store: StoreStats
  /** Null when no Redis is configured. */
  readonly redis: RedisStats | null
}

/** The engine. Its methods are bound, so that `const { isRevoked } = revocade` works. */
export interface Revocade {
  /**
   * Tells whether a token is revoked. Verify its signature and times first. O(1); for nearly every token that
   * is not revoked, it resolves without I/O.
   *
   * @throws {RevocadeError} ERR_INVALID_TOKEN when the token can't be read
   * @throws {RevocadeError} ERR_TOKEN_NOT_IDENTIFIABLE when nothing identifies the token
   * @throws {RevocadeError} ERR_UNAVAILABLE when nothing can decide and `onUnknown` is 'throw'
   * @throws {RevocadeError} ERR_CLOSED when the engine is closed
   */
  readonly isRevoked: (token: Token, options?: CheckOptions) => Promise<boolean>
  /** Synchronous; never throws. True: the token is not revoked. False: ask {@link Revocade.isRevoked}. */
  readonly isClearlyActive: (token: Token) => boolean
  /** The longest token string that is not refused, in bytes: the option of this name. */
  readonly maxTokenBytes: number
  /** For how long after its expiry a revocation is honoured, in seconds: the option of this name. */
  readonly clockToleranceSeconds: number
  /**
   * As {@link Revocade.isRevoked}, but returns the layer that decided and the revocation, and answers
   * `unknown` instead of throwing `ERR_UNAVAILABLE`.
   */
  readonly check: (token: Token, options?: CheckOptions) => Promise<Verdict>
  /**
   * Revokes one token. Resolves once the revocation is durable; from then on this engine never answers
   * "active" for the token. Refuses a string with a JWT in it that is no bearer token, such as `token=eyJ…`.
   *
   * Rejects with `ERR_INVALID_TOKEN`, `ERR_TOKEN_NOT_IDENTIFIABLE`, `ERR_NO_EXPIRY`, `ERR_INVALID_TIME`,
   * `ERR_CONFIG`, `ERR_NOT_DURABLE`, `ERR_UNAVAILABLE`, `ERR_STORE_*`, `ERR_CLOSED`.
   */
  readonly revoke: (token: Token, options?: RevokeOptions) => Promise<Receipt>
  /**
   * Revokes all tokens whose claims equal the selector's and that were issued before `issuedBefore`; with the
   * selector `{}`, those of everybody. Rejects as {@link Revocade.revoke} does.
   */
  readonly revokeWhere: (selector: Selector, options?: RevokeWhereOptions) => Promise<Receipt>
  /**
   * Revokes a stream of entries in order, thousands in one commit. Rejects as {@link Revocade.revoke} does,
   * and with the error of the iterable.
   */
  readonly revokeMany: (
    entries: Iterable<RevocationInput> | AsyncIterable<RevocationInput>,
    options?: RevokeManyOptions,
  ) => Promise<BulkReceipt>
  /** Takes one token's revocation back. A selector that matches the token still revokes it. */
  readonly unrevoke: (token: Token, options?: UnrevokeOptions) => Promise<Receipt>
  /** Takes a selector's revocation back. `{}` takes back that of everybody only, no other. */
  readonly unrevokeWhere: (selector: Selector, options?: UnrevokeOptions) => Promise<Receipt>
  /** Reads the revocations in the store in order of `seq`, page by page. */
  readonly list: (query?: ListQuery) => AsyncIterable<Revocation>
  /** Returns counts and sizes for monitoring. */
  readonly stats: () => Stats
  /** Waits for writes under way, then releases everything. Idempotent. */
  readonly close: () => Promise<void>
  /** Calls {@link Revocade.close}, at the end of an `await using` scope. */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}
