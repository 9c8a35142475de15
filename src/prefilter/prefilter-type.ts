import type { Prefilter } from '../ports/index.js'

/** Sizes that a prefilter is created with, checked and with their defaults. */
export interface PrefilterSizing {
  /** Live revocations to make room for: whole, 1 to 1e9. */
  readonly expectedRevocations: number
  /** Share of unrevoked tokens that may answer "maybe" at the expected size: 1e-9 to 0.5. */
  readonly falsePositiveRate: number
  /** Leading digest bits that tell two entries apart: whole, 8 to 40. */
  readonly prefixBits: number
}

/** What `create.ts` and `snapshot.ts` need to know of a kind of prefilter. */
export interface PrefilterType {
  /** The kind's number in a snapshot's header: a stored format, never reused. */
  readonly snapshotCode: number
  /**
   * The options besides `kind` that may be given. `expectedRevocations` always may: callers set it for any
   * kind.
   */
  readonly options: readonly (keyof PrefilterSizing)[]
  /**
   * @throws {RevocadeError} ERR_CONFIG when the sizes don't fit this kind, or its library is not installed
   */
  readonly create: (sizing: PrefilterSizing) => Prefilter | Promise<Prefilter>
  /** Restores what {@link Prefilter.encode} wrote. @throws {SnapshotError} when it can't */
  readonly decode: (body: Uint8Array) => Prefilter | Promise<Prefilter>
}
