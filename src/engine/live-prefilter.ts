import type { Digest, Logger, Position, Prefilter, RevocationStore, ScanEnd } from '../ports/index.js'
import { createPrefilter, DEFAULT_RATE, type PrefilterOptions } from '../prefilter/create.js'
import { FusePrefilter } from '../prefilter/fuse.js'
import type { PreparedShape, TokenDigester } from '../token/identify.js'
import { ExpiryHistogram } from './expiry-histogram.js'
import { fillBase, fillByAdding } from './fill-prefilter.js'
import { addTo, type Generation, noteSelector } from './generation.js'
import { leftOutUpTo, mayLackLive, type Retention } from './retention.js'

/** Share of expired entries above which a rebuild pays. */
export const REBUILD_SHARE = 0.25
/** Expired entries below which a rebuild never pays. */
export const REBUILD_MINIMUM = 1024
/** A rebuild makes room for this many times the live entries: the filter lasts until they have doubled. */
export const HEADROOM = 2

/** A filter that is complete up to the scan's snapshot and has all that came since. */
interface Filled {
  readonly next: Generation
  readonly end: ScanEnd
}

interface Entry {
  readonly digest: Digest
  readonly expiresAt: number
  readonly selector: readonly string[] | undefined
}

/** What a snapshot keeps besides the filter. */
export interface LivePrefilterState {
  readonly expiries: readonly (readonly [number, number])[]
  readonly selectors: readonly (readonly [string, number])[]
  /** NumericDate seconds, by the clock that filled the filter: what expired up to then may be missing. */
  readonly leftOutUpTo: number
}

/** The settings of a {@link LivePrefilter}. */
export interface LivePrefilterOptions extends Retention {
  readonly prefilter: PrefilterOptions
  /** The configured selectors. */
  readonly selectors: readonly (readonly string[])[]
  readonly logger: Logger
}

/**
 * The prefilter in use, the selectors with live entries, and the rebuild that drops expired entries.
 *
 * No entry is ever missing. While a rebuild scans the store, new entries go to both filters, and the new one
 * takes over in one step once the scan is complete. An entry is either in the scan's snapshot, or was
 * committed after it. Then the write's acknowledgement or the sync adds it, during the rebuild or afterwards.
 */
export class LivePrefilter {
  /** The honoured selectors with live entries: a check looks for these. */
  liveSelectors: readonly PreparedShape[] = []
  rebuilds = 0
  /** Where the scan was that filled the filter in use; the beginning if it came from a snapshot. */
  filledFrom: Position = { seq: 0, epoch: '' }
  /** Called in the instant in which another filter takes over. */
  onFilled: () => void = () => undefined
  /** The filter in use: a plain field, because every check reads it. */
  prefilter: Prefilter
  readonly configuredSelectors: readonly PreparedShape[]
  readonly #options: LivePrefilterOptions
  readonly #shapes: ReadonlyMap<string, PreparedShape>
  readonly #notHonoured = new Set<string>()
  #current: Generation
  /** The filter that a rebuild is filling. */
  #next: Generation | undefined
  /** What was added since a rebuild began; undefined once its filter exists. */
  #arrivals: Entry[] | undefined

  /**
   * @param prefilter - from a snapshot, or empty: then {@link LivePrefilter.rebuild} it first
   * @param state - of a prefilter from a snapshot
   */
  constructor(
    options: LivePrefilterOptions,
    digester: TokenDigester,
    prefilter: Prefilter,
    state?: LivePrefilterState,
  ) {
    this.#options = options
    this.configuredSelectors = options.selectors.map((names) => digester.shape(names))
    const honoured = [...this.configuredSelectors, digester.everyone]
    this.#shapes = new Map(honoured.map((shape) => [JSON.stringify(shape.names), shape]))
    this.prefilter = prefilter
    this.#current = {
      prefilter,
      expiries: ExpiryHistogram.from(state?.expiries ?? []),
      selectors: new Map(state?.selectors),
      leftOutUpTo: state?.leftOutUpTo ?? 0,
    }
    this.refreshSelectors()
  }

  get state(): LivePrefilterState {
    const { expiries, selectors, leftOutUpTo } = this.#current
    return { expiries: expiries.toJSON(), selectors: [...selectors], leftOutUpTo }
  }

  /** Whether the clock was set back so far that the filter must be rebuilt before it is used again. */
  get mayLackLive(): boolean {
    return mayLackLive(this.#current.leftOutUpTo, this.#options)
  }

  /** The selectors in the store that the option 'claims' of this engine lacks. */
  get notHonoured(): readonly (readonly string[])[] {
    return [...this.#notHonoured].map((key) => namesOf(key))
  }

  /**
   * Adds an entry. One that is not revoked (yet) is safe: it only costs an exact lookup.
   *
   * @param expiresAt - NumericDate seconds
   */
  add(digest: Digest, expiresAt: number, selector?: readonly string[]): void {
    addTo(this.#current, digest, expiresAt, selector)
    if (this.#next !== undefined) addTo(this.#next, digest, expiresAt, selector)
    this.#arrivals?.push({ digest: digest.slice(), expiresAt, selector })
    if (selector !== undefined) this.refreshSelectors()
  }

  /** Drops selectors whose entries have all expired. True if a rebuild would pay. O(histogram buckets). */
  sweep(): boolean {
    this.refreshSelectors()
    const { prefilter, expiries } = this.#current
    if (prefilter.kind === 'none' || this.#next !== undefined || this.#arrivals !== undefined) return false
    const expired = expiries.expiredBy(leftOutUpTo(this.#options))
    return (
      prefilter.entries > prefilter.capacity ||
      expired > Math.max(REBUILD_MINIMUM, prefilter.entries * REBUILD_SHARE)
    )
  }

  /**
   * Fills a new filter from the store and puts it into use.
   *
   * @returns the position of the store's snapshot that it was filled from
   */
  async rebuild(store: RevocationStore): Promise<Position> {
    const leftOut = leftOutUpTo(this.#options)
    try {
      const { next, end } =
        this.#options.prefilter.kind === 'fuse'
          ? await this.#fillBase(store, leftOut)
          : await this.#fillByAdding(store, leftOut)
      for (const { names, expiresAt } of end.selectors) noteSelector(next.selectors, names, expiresAt)
      // The clock was set back during the scan, perhaps before the last look at it.
      if (mayLackLive(leftOut, this.#options)) return await this.rebuild(store)
      this.#current = next
      this.prefilter = next.prefilter
      this.filledFrom = end.position
      this.onFilled()
      this.rebuilds++
      this.refreshSelectors()
      return end.position
    } finally {
      this.#arrivals = undefined
      this.#next = undefined
    }
  }

  /** A new filter whose delta is there before the scan takes its snapshot: it gets every later change. */
  async #fillBase(store: RevocationStore, leftOut: number): Promise<Filled> {
    const { falsePositiveRate = DEFAULT_RATE } = this.#options.prefilter
    const prefilter = FusePrefilter.create(falsePositiveRate)
    const next = emptyGeneration(prefilter, leftOut)
    this.#next = next
    return { next, end: await fillBase(prefilter, next.expiries, store, leftOut) }
  }

  async #fillByAdding(store: RevocationStore, leftOut: number): Promise<Filled> {
    // Before the scan takes its snapshot: every later change must be in the new filter.
    this.#arrivals = []
    const scan = store.scan(leftOut)
    try {
      const first = await scan.next()
      const live = first.done === true ? 0 : first.value.total
      const expectedRevocations = Math.max(
        this.#options.prefilter.expectedRevocations ?? 100_000,
        live * HEADROOM,
      )
      const prefilter = await createPrefilter({ ...this.#options.prefilter, expectedRevocations })
      const next = emptyGeneration(prefilter, leftOut)
      for (const { digest, expiresAt, selector } of this.#arrivals) addTo(next, digest, expiresAt, selector)
      this.#arrivals = undefined
      this.#next = next
      return { next, end: await fillByAdding(next, first, scan) }
    } finally {
      await scan.return({ position: { seq: 0, epoch: '' }, selectors: [] })
    }
  }

  /** Works out which honoured selectors have live entries, by the present time. */
  refreshSelectors(): void {
    const oldest = leftOutUpTo(this.#options)
    const live: PreparedShape[] = []
    for (const [key, expiresAt] of this.#current.selectors) {
      if (expiresAt <= oldest) continue
      const shape = this.#shapes.get(key)
      if (shape !== undefined) live.push(shape)
      else this.#warnNotHonoured(key)
    }
    this.liveSelectors = live
  }

  #warnNotHonoured(key: string): void {
    if (this.#notHonoured.has(key)) return
    this.#notHonoured.add(key)
    this.#options.logger.warn(
      { selector: namesOf(key) },
      `the store holds revocations by ${key} that this engine does not honour: add it to the option 'claims'`,
    )
  }
}

function emptyGeneration(prefilter: Prefilter, leftOut: number): Generation {
  return { prefilter, expiries: new ExpiryHistogram(), selectors: new Map(), leftOutUpTo: leftOut }
}

function namesOf(key: string): readonly string[] {
  const names: unknown = JSON.parse(key)
  return Array.isArray(names) ? names.map(String) : []
}
