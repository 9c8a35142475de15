import type { RevokeOptions } from '../api.js'
import type { Receipt } from '../receipt.js'

/**
 * What an application wants to remember of a session: a device, an address. At most 1,024 bytes as JSON. A
 * JWT or PASETO in a string becomes `<token>`.
 */
export type SessionDetails = Readonly<Record<string, string | number | boolean | null>>

/** Options of `createSessions`. An unknown one is refused with `ERR_CONFIG`. */
export interface SessionsOptions {
  /**
   * Seconds, 1 to 316,224,000, after which a session ends that is not refreshed. Replays don't count.
   *
   * @default 1_209_600 (14 days)
   */
  readonly idleSeconds?: number | undefined
  /**
   * Seconds, 1 to the engine's `maxTokenLifetimeSeconds`, after which a session ends in any case. The engine
   * keeps what is revoked by `revokeWhere` for as long as such a token may live.
   *
   * @default 7_776_000 (90 days)
   */
  readonly absoluteSeconds?: number | undefined
  /**
   * The longest life of the access tokens that you sign from {@link Issued.claims}, in seconds, 1 to the
   * engine's `maxTokenLifetimeSeconds`. A session's end is kept among the revocations for this long.
   *
   * @default the engine's `maxTokenLifetimeSeconds`
   */
  readonly accessTokenSeconds?: number | undefined
  /**
   * Seconds, 0 to 60, for which a refresh token that was just used still gets the same answer: for clients
   * that lost it, and for two tabs. 0: each refresh token is good for one use, even if its answer is lost.
   *
   * @default 10
   */
  readonly replaySeconds?: number | undefined
  /**
   * `always`: each refresh gives a new refresh token. `unless-bound`: a session that is bound to a key
   * (`jkt`) keeps its refresh token.
   *
   * @default 'always'
   */
  readonly rotation?: 'always' | 'unless-bound' | undefined
  /**
   * How many logins a user may have at once, 1 to 1,000, and what happens to one more.
   *
   * @default no limit
   */
  readonly perSubject?: PerSubject | undefined
  /** Called after what it tells of is durable. What it throws is logged. */
  readonly onEvent?: ((event: SessionEvent) => unknown) | undefined
}

/** The limit of logins of one user. */
export interface PerSubject {
  readonly max: number
  readonly atLimit: 'end-oldest' | 'refuse'
}

/** A session: one family of refresh tokens, of one application in one login. */
export interface Session {
  /** The login. Applications that share it have the same. */
  readonly sid: string
  readonly sub: string
  /** The application; absent for the only one. */
  readonly clientId?: string
  readonly createdAt: Date
  /** When its refresh token was last used; at first when it was created. */
  readonly rotatedAt: Date
  /** When its refresh token expires unless it is used. */
  readonly expiresAt: Date
  readonly details?: SessionDetails
  /** Whether it is bound to a key. */
  readonly bound: boolean
}

/** What the application signs. */
export interface IssuedClaims {
  readonly sub: string
  readonly sid: string
  readonly client_id?: string
  /** The time of the commit, in NumericDate seconds. Sign this one: a later one could escape a revocation. */
  readonly iat: number
  /** The key that the tokens are bound to (RFC 9449). */
  readonly cnf?: { readonly jkt: string }
}

/** A refresh token, and the claims of the access token beside it. */
export interface Issued {
  readonly refreshToken: string
  readonly refreshExpiresAt: Date
  readonly session: Session
  /** The sessions that were ended to make room, and the earlier one of the same application in the login. */
  readonly ended: readonly Session[]
  /** Sign these, with an `exp` of at most `accessTokenSeconds` later, an `iss` and whatever else you need. */
  readonly claims: IssuedClaims
}

/** The answer to a refresh. */
export interface Rotated extends Issued {
  /** True when the same refresh token had this answer before. */
  readonly replayed: boolean
}

/** A new session. */
export interface NewSession {
  /** 1 to 255 characters. */
  readonly sub: string
  /** The application, 1 to 255 characters. The engine's `claims` must have `['sid', 'client_id']`. */
  readonly clientId?: string | undefined
  /**
   * The login to join, 1 to 255 characters; or the name of a new one, where your identity provider has named
   * it.
   *
   * @default a new login with a random name
   */
  readonly sid?: string | undefined
  /** The SHA-256 thumbprint of the client's key (RFC 7638), in base64url. */
  readonly jkt?: string | undefined
  readonly details?: SessionDetails | undefined
}

/** What the client has shown beside its refresh token. It must be what the session was created with. */
export interface RefreshProof {
  readonly clientId?: string | undefined
  readonly jkt?: string | undefined
  /** Takes the place of the session's details. */
  readonly details?: SessionDetails | undefined
}

/** Which sessions {@link Sessions.revoke} ends. */
export type SessionsToEnd =
  /** The login, or one application in it. */
  | { readonly sid: string; readonly clientId?: string | undefined }
  /** The session of a refresh token, also of one that was used. */
  | { readonly refreshToken: string }
  /** All logins of a user, but perhaps one. */
  | { readonly sub: string; readonly except?: string | undefined }

/** Options of {@link Sessions.revoke}. */
export type EndOptions = Pick<RevokeOptions, 'reason' | 'actor' | 'ack'>

/** A durable end. */
export interface SessionsReceipt extends Pick<Receipt, 'durable' | 'redis' | 'effectiveEverywhereAt'> {
  /** The number of the last change; 0 when there was nothing to change. */
  readonly seq: number
  /** How many sessions were ended. */
  readonly ended: number
}

/** Why a session ended: `replaced` by another one of the same application in the same login. */
export type EndReason = 'revoked' | 'reused' | 'limit' | 'replaced'

/** What {@link SessionsOptions.onEvent} is told. It never holds a token. */
export type SessionEvent =
  /** A refresh token came again within `replaySeconds`, and got the same answer. */
  | { readonly type: 'replayed'; readonly session: Session; readonly details?: SessionDetails }
  /** A refresh token came again later: the session was ended. One of two clients has a stolen token. */
  | { readonly type: 'reused'; readonly session: Session; readonly details?: SessionDetails }
  | { readonly type: 'ended'; readonly session: Session; readonly why: EndReason }

/** Sessions on an engine. The methods are bound. They reject with `ERR_CLOSED` once the engine is closed. */
export interface Sessions {
  /**
   * Begins a session. Resolves once it is durable.
   *
   * @throws {RevocadeError} ERR_LOGIN_REFUSED when the login that it would join has ended, when a revocation
   *   without cutoff revokes all tokens of the user, or at the limit of logins
   */
  readonly create: (session: NewSession) => Promise<Issued>
  /**
   * Takes a refresh token and gives the next one. The same token gets the same answer for `replaySeconds`; a
   * token that comes again later ends the session, and its access tokens with it.
   *
   * @throws {RevocadeError} ERR_REFRESH_REFUSED for every token that is not good, with one message
   */
  readonly rotate: (refreshToken: string, proof?: RefreshProof) => Promise<Rotated>
  /** The session of a refresh token that `rotate` would take. Nothing is written. */
  readonly find: (refreshToken: string) => Promise<Session | undefined>
  /** The oldest live session of a login. */
  readonly get: (sid: string) => Promise<Session | undefined>
  /** The live sessions of a user or a login, oldest first. */
  readonly list: (where: { readonly sub: string } | { readonly sid: string }) => AsyncIterable<Session>
  /**
   * Ends sessions and revokes their access tokens, in one commit; all of a user in several, if they change
   * meanwhile. Resolves once that is durable. It is no error if there are none: `ended` is 0.
   */
  readonly revoke: (what: SessionsToEnd, options?: EndOptions) => Promise<SessionsReceipt>
}
