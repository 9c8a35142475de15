import type { StoredRow } from '../../ports/index.js'

/**
 * The format of a backup: gzip over lines of JSON.
 *
 * 1. The head: `{"revocade":"backup","format":1,…}`
 * 2. Of each namespace: `{"namespace":"…"}`, then a line for each row, in order of `seq`
 * 3. The end: `{"rows":…,"sha256":"…"}`, of all bytes before this line
 */
export const FORMAT = 1

/** What the head of a backup says. */
export interface BackupHead {
  /** ISO 8601. */
  readonly createdAt: string
  /** The kind of the store, such as `sqlite`. */
  readonly store: string
  readonly storeId: string
  readonly clockToleranceSeconds: number
}

/** A part of a backup: its head, the begin of a namespace, or rows of that. */
export type BackupPart =
  | { readonly kind: 'head'; readonly head: BackupHead }
  | { readonly kind: 'namespace'; readonly namespace: string }
  | { readonly kind: 'rows'; readonly rows: readonly StoredRow[] }

/** What the last line of a backup says. */
export interface BackupEnd {
  readonly rows: number
  /** In hexadecimal. */
  readonly sha256: string
}
