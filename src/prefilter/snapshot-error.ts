/**
 * Why a snapshot was refused:
 * - `truncated`: shorter than its own lengths say
 * - `magic`: not a snapshot
 * - `version`: written by a newer format
 * - `kind`: of a kind this build does not know, or whose library is not installed
 * - `length`: longer than its own lengths say
 * - `checksum`: damaged
 * - `body`: intact, but no valid tables of its kind
 */
export type SnapshotFault = 'truncated' | 'magic' | 'version' | 'kind' | 'length' | 'checksum' | 'body'

/** A snapshot that can't be trusted. The remedy is always the same: rebuild from the store. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError'
  readonly reason: SnapshotFault

  constructor(reason: SnapshotFault, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.reason = reason
  }
}
