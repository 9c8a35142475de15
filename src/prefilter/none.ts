import type { Digest, Prefilter } from '../ports/index.js'
import type { PrefilterType } from './prefilter-type.js'
import { SnapshotError } from './snapshot-error.js'

/** The `none` prefilter, as `create.ts` lists it. */
export const none: PrefilterType = {
  snapshotCode: 5,
  options: ['expectedRevocations'],
  create: () => new NoPrefilter(),
  decode: (body) => {
    if (body.length > 0) throw new SnapshotError('body', `${body.length} bytes for a filter without tables`)
    return new NoPrefilter()
  },
}

/**
 * No prefilter: it answers "maybe" to everything, so every check asks the store. It is for commands and
 * scripts, whose few checks save less time than loading a filter takes.
 */
export class NoPrefilter implements Prefilter {
  readonly kind = 'none'
  /** Always 0: every digest looks present already, so `add` never adds one. */
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
