import { setImmediate as nextTurn } from 'node:timers/promises'
import type {
  Digest,
  Logger,
  Position,
  Prefilter,
  RevocationStore,
  ScanChunk,
  ScanEnd,
} from '../ports/index.js'
import { createPrefilter, type PrefilterOptions } from '../prefilter/create.js'
import type { PreparedShape, TokenDigester } from '../token/identify.js'
import { ExpiryHistogram } from './expiry-histogram.js'

/** Rebuild where that frees a quarter of the entries, but not for a handful. */
export const REBUILD_SHARE = 0.25
export const REBUILD_MINIMUM = 1024
/** Room for this many times the live entries in a filter made by a rebuild: it lasts until they have doubled. */
export const HEADROOM = 2

/** One filter with what must be known of its entries. */
interface Generation {
  readonly prefilter: Prefilter
  readonly expiries: ExpiryHistogram
  /** Selector shapes with live entries, by the JSON of their sorted claim names: the latest expiry, in NumericDate seconds. */
  readonly selectors: Map<string, number>
}

interface Entry {
  readonly digest: Digest
  readonly expiresAt: number
  readonly selector: readonly string[] | undefined
}

/** What a snapshot keeps beside the filter. */
export interface LivePrefilterState {
  readonly expiries: readonly (readonly [number, number])[]
  readonly selectors: readonly (readonly [string, number])[]
}

export interface LivePrefilterOptions {
  readonly prefilter: PrefilterOptions
  /** The configured selectors. */
  readonly selectors: readonly (readonly string[])[]
  /** How long past its expiry an entry must be kept, in seconds. */
  readonly graceSeconds: number
  readonly clock: { now(): number }
  readonly logger: Logger
}

/**
 * L0: the prefilter in use, which selectors have live entries, and the rebuild that lets expired entries go.
 *
 * No entry is ever missing: while a rebuild scans the store, new entries go to both filters, and the new one takes
 * over in one step once the scan is complete. An entry is either in the scan's snapshot, or was committed after it
 * and is then added, by the write's acknowledgement or by the sync, while the rebuild is on or after it.
 */
export class LivePrefilter {
  /** The configured selectors with live entries: the ones that a check has to look for. */
  liveSelectors: readonly PreparedShape[] = []
  rebuilds = 0
  /** The filter in use: a plain field, for it is read by every check. */
  prefilter: Prefilter
  readonly configuredSelectors: readonly PreparedShape[]
  readonly #options: LivePrefilterOptions
  readonly #shapes: ReadonlyMap<string, PreparedShape>
  readonly #notHonoured = new Set<string>()
  #current: Generation
  /** While a rebuild fills it. */
  #next: Generation | undefined
  /** While a rebuild is on and its filter is not there yet: what was added meanwhile. */
  #arrivals: Entry[] | undefined

  /** `prefilter`: empty, and then L0 must be {@link LivePrefilter.rebuild}t before it is asked; or from a snapshot, with its `state`. */
  constructor(
    options: LivePrefilterOptions,
    digester: TokenDigester,
    prefilter: Prefilter,
    state?: LivePrefilterState,
  ) {
    this.#options = options
    this.configuredSelectors = options.selectors.map((names) => digester.shape(names))
    this.#shapes = new Map(this.configuredSelectors.map((shape) => [JSON.stringify(shape.names), shape]))
    this.prefilter = prefilter
    this.#current = {
      prefilter,
      expiries: ExpiryHistogram.from(state?.expiries ?? []),
      selectors: new Map(state?.selectors),
    }
    this.#refreshSelectors()
  }

  get state(): LivePrefilterState {
    return { expiries: this.#current.expiries.toJSON(), selectors: [...this.#current.selectors] }
  }

  /** Shapes in the store that this engine's `claims` do not honour. */
  get notHonoured(): readonly (readonly string[])[] {
    return [...this.#notHonoured].map((key) => namesOf(key))
  }

  /** Adds an entry. Adding what is not (yet) revoked is safe: it only costs a closer look. `expiresAt`: NumericDate seconds. */
  add(digest: Digest, expiresAt: number, selector?: readonly string[]): void {
    addTo(this.#current, digest, expiresAt, selector)
    if (this.#next !== undefined) addTo(this.#next, digest, expiresAt, selector)
    this.#arrivals?.push({ digest: digest.slice(), expiresAt, selector })
    if (selector !== undefined) this.#refreshSelectors()
  }

  /** Stops looking for selectors whose entries have all expired, and says whether a rebuild would pay. O(buckets). */
  sweep(): boolean {
    this.#refreshSelectors()
    const { prefilter, expiries } = this.#current
    if (prefilter.kind === 'none' || this.#next !== undefined || this.#arrivals !== undefined) return false
    const expired = expiries.expiredBy(this.#oldestKept())
    return (
      prefilter.entries > prefilter.capacity ||
      expired > Math.max(REBUILD_MINIMUM, prefilter.entries * REBUILD_SHARE)
    )
  }

  /** Makes a fresh filter from the store and takes it into use. Returns the position of the snapshot that it was made from. */
  async rebuild(store: RevocationStore): Promise<Position> {
    // Before the scan takes its snapshot: from here on nothing that arrives may be missing from the new filter.
    this.#arrivals = []
    const scan = store.scan(this.#oldestKept())
    try {
      const first = await scan.next()
      const live = first.done === true ? 0 : first.value.total
      const expectedRevocations = Math.max(
        this.#options.prefilter.expectedRevocations ?? 100_000,
        live * HEADROOM,
      )
      const prefilter = await createPrefilter({ ...this.#options.prefilter, expectedRevocations })
      const next: Generation = { prefilter, expiries: new ExpiryHistogram(), selectors: new Map() }
      for (const { digest, expiresAt, selector } of this.#arrivals) addTo(next, digest, expiresAt, selector)
      this.#arrivals = undefined
      this.#next = next
      const end = await fill(next, first, scan)
      for (const { names, expiresAt } of end.selectors) noteSelector(next.selectors, names, expiresAt)
      this.#current = next
      this.prefilter = prefilter
      this.rebuilds++
      this.#refreshSelectors()
      return end.position
    } finally {
      this.#arrivals = undefined
      this.#next = undefined
      await scan.return({ position: { seq: 0, epoch: '' }, selectors: [] })
    }
  }

  #oldestKept(): number {
    return Math.floor(this.#options.clock.now() / 1000) - this.#options.graceSeconds
  }

  #refreshSelectors(): void {
    const oldest = this.#oldestKept()
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

function addTo(
  generation: Generation,
  digest: Digest,
  expiresAt: number,
  selector: readonly string[] | undefined,
): void {
  if (generation.prefilter.add(digest)) generation.expiries.add(expiresAt)
  if (selector !== undefined) noteSelector(generation.selectors, selector, expiresAt)
}

/** So long a slice of a rebuild may take, and how many entries are added before the time is looked at. */
const SLICE_MS = 2
const SLICE_STEP = 256

/** Adds what a scan yields, in slices, between which the event loop turns: the first touch of each page of a new table takes its time. */
async function fill(
  next: Generation,
  first: IteratorResult<ScanChunk, ScanEnd>,
  scan: AsyncGenerator<ScanChunk, ScanEnd, void>,
): Promise<ScanEnd> {
  let step = first
  while (step.done !== true) {
    const { digests, expiresAt } = step.value
    let end = performance.now() + SLICE_MS
    for (let i = 0; i < expiresAt.length; i++) {
      addTo(next, digests.subarray(i * 4, i * 4 + 4), expiresAt[i], undefined)
      if (i % SLICE_STEP !== 0 || performance.now() < end) continue
      await nextTurn()
      end = performance.now() + SLICE_MS
    }
    step = await scan.next()
  }
  return step.value
}

function noteSelector(selectors: Map<string, number>, names: readonly string[], expiresAt: number): void {
  const key = JSON.stringify(names)
  selectors.set(key, Math.max(expiresAt, selectors.get(key) ?? 0))
}

function namesOf(key: string): readonly string[] {
  const names: unknown = JSON.parse(key)
  return Array.isArray(names) ? names.map(String) : []
}
