/** Options of `SqliteStore`. */
export interface SqliteStoreOptions {
  /**
   * The number of milliseconds a commit waits for another process's commit, before it fails with
   * `ERR_NOT_DURABLE`.
   *
   * @default 5000
   */
  readonly busyTimeoutMs?: number
  /**
   * The number of milliseconds after opening, at which the whole file is checked for damage in the
   * background; `Infinity`: never.
   *
   * @default 5000
   */
  readonly integrityCheckDelayMs?: number
  /** @internal Tests only: milliseconds between two checks of a damaged file. */
  readonly integrityRetryMs?: number
  /** @internal Tests only: commits fail as on a full disk once the file has this many pages of 4 KiB. */
  readonly maxPageCount?: number
}
