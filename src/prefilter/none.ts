import type { Digest, Prefilter } from '../ports/index.js'

/**
 * No filter: "maybe" to everything, so every check asks the store. For processes that live for a few
 * checks (commands, scripts), where loading a filter would take longer than it saves.
 */
export class NoPrefilter implements Prefilter {
  readonly kind = 'none'
  /** Always 0: as everything looks present already, `add` never adds. */
  readonly entries = 0
  readonly bytes = 0
  readonly capacity = Number.POSITIVE_INFINITY
  readonly expectedFalsePositiveRate = 1

  has(_digest: Digest): boolean {
    return true
  }

  add(_digest: Digest): boolean {
    return false
  }

  encode(): readonly Uint8Array[] {
    return []
  }
}
