import type { Committed, Mutation } from './change-log.js'
import type { MaybePromise } from './maybe-promise.js'

/**
 * A family of refresh tokens, as a store keeps it: what it is found by, and a state that only `sessions/`
 * reads. No part of it is a secret: a store that leaks yields no refresh token.
 */
export interface SessionRow {
  /** 16 random bytes. The key. */
  readonly family: Uint8Array
  /** The login that it belongs to. Several applications may share one. At most 255 characters. */
  readonly sid: string
  /** The application; '' for the only one. At most 255 characters. No two rows have the same sid and this. */
  readonly clientId: string
  /** At most 255 characters. */
  readonly sub: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** Milliseconds since 1970: the store may delete the row afterwards, and does so within a day or so. */
  readonly purgeAt: number
  /** At most 2,048 bytes. */
  readonly state: Uint8Array
}

/** A row, and which writing of it this is. */
export interface StoredSession extends SessionRow {
  /** At least 1. Each write of a row gives it a greater version than any row of the namespace had before. */
  readonly version: number
}

/** Whose rows: all logins of a user, or all applications of a login. */
export type SessionGroup = { readonly sub: string } | { readonly sid: string }

/** A part of the rows of a group. */
export interface SessionPage {
  readonly rows: readonly StoredSession[]
  /** Where the next page begins: `list` takes it. Undefined: there is none. */
  readonly next: string | undefined
  /**
   * A version that was given before these rows were read: no row has been given a greater one until then. It
   * is that of the first page that a condition on a group of several needs as its `newest`.
   */
  readonly version: number
}

/** What must still hold when a {@link SessionCommit} is made. */
export type SessionCondition =
  /** The row has this version; 0: there is no such row. */
  | { readonly family: Uint8Array; readonly version: number }
  /** The group has this many rows, and none of them a version after `newest`. */
  | { readonly group: SessionGroup; readonly rows: number; readonly newest: number }
  /** The revocation of this digest (16 bytes), tombstone or not, has this number; 0: there is no such row. */
  | { readonly digest: Uint8Array; readonly seq: number }

/** A commit that is made as a whole, if all conditions hold within it, and else not at all. */
export interface SessionCommit {
  readonly conditions: readonly SessionCondition[]
  /** Rows to insert, or to put in the place of the row with the same family, or the same sid and clientId. */
  readonly put: readonly SessionRow[]
  /** As in {@link RevocationStore.write}. */
  readonly mutations: readonly Mutation[]
  /** Is kept unless there is one of this minute. The commit is not made if that is another one. */
  readonly salt?: SessionSalt
}

/**
 * The salt that goes into the successors of all refresh tokens that are rotated within one minute. Once it is
 * deleted, a spent token and the store together no longer yield the token that came after it.
 */
export interface SessionSalt {
  /** Minutes since 1970. */
  readonly minute: number
  /** 16 bytes. */
  readonly salt: Uint8Array
}

/**
 * The part of a store that keeps refresh tokens. All reads are of the newest commit, or of one that is older
 * than a commit under way: what is decided by them is judged again by the conditions.
 */
export interface SessionStore {
  get(family: Uint8Array): MaybePromise<StoredSession | undefined>
  /**
   * A page of the rows of a group, in an order of the store's. A row that is not written while the pages are
   * read is on exactly one of them.
   *
   * @param from - the `next` of the page before; undefined: the first page
   * @param limit - rows at most, 1 or more: a page of fewer may have a next one
   */
  list(group: SessionGroup, from: string | undefined, limit: number): MaybePromise<SessionPage>
  /** A page of all rows of the namespace, in order of `family`, after a family. */
  page(after: Uint8Array | undefined, limit: number): MaybePromise<readonly StoredSession[]>
  salt(minute: number): MaybePromise<Uint8Array | undefined>
  /** Deletes the salts of earlier minutes than this. */
  dropSalts(before: number): Promise<void>
  /**
   * Commits, and resolves once it is durable, as {@link RevocationStore.write} does.
   *
   * @returns what became of the mutations (without any, its epoch means nothing); undefined when a condition
   *   does not hold: nothing was written
   */
  commit(commit: SessionCommit): Promise<Committed | undefined>
}
