/**
 * Why a snapshot was refused:
 * - `truncated`: shorter than its length fields say
 * - `magic`: not a snapshot
 * - `version`: in another version of the format
 * - `kind`: of a kind this build does not know, or whose library is not installed
 * - `length`: longer than its length fields say
 * - `checksum`: damaged
 * - `body`: undamaged, but not valid tables of its kind
 */
export type SnapshotFault = 'truncated' | 'magic' | 'version' | 'kind' | 'length' | 'checksum' | 'body'

/** A snapshot that can't be used. Rebuild the prefilter from the store, whatever the reason. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError'
  readonly reason: SnapshotFault

  constructor(reason: SnapshotFault, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.reason = reason
  }
}
