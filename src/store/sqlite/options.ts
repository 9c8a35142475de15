/** Options of `SqliteStore`. */
export interface SqliteStoreOptions {
  /** How long a commit waits for another process's commit, in milliseconds. Default 5000. */
  readonly busyTimeoutMs?: number
  /** When the file is checked in full, in milliseconds after opening. Default 5000; Infinity: never. */
  readonly integrityCheckDelayMs?: number
  /** @internal Tests only: the disk is "full" past this many pages of 4 KiB. */
  readonly maxPageCount?: number
}
