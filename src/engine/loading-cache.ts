import { LRUCache } from 'lru-cache'
import type { Clock } from '../ports/clock.js'
import type { Digest } from '../ports/index.js'
import type { ChangeListener } from './change-listener.js'
import { keyOf } from './verdict-cache.js'
import { WatchList } from './watch-list.js'

/** What a value is loaded for, and what makes it out of date. */
export interface Request<T> {
  readonly key: string
  /** The first words of the digests whose changes make it out of date. Called before the load begins. */
  watched(): readonly number[]
  load(): T | Promise<T>
}

/** When a value is good, in milliseconds since 1970; `from` included, `until` not. */
export interface Times {
  readonly from: number
  readonly until: number
}

/** What a cache keeps. */
export interface CacheOptions<T> {
  /** The most values. */
  readonly max: number
  readonly ttlSeconds: number
  /** The first words of the digests whose changes make everything out of date. */
  readonly watchedByAll: readonly number[]
  /** When a loaded value is good, beside the ttl; undefined: it is not kept. */
  readonly timesOf?: (value: T) => Times | undefined
}

/** What {@link LoadingCache} needs. */
export interface LoadingCacheDeps<T> extends CacheOptions<T> {
  readonly clock: Clock
  /** Whether every change up to Δ ago was applied; may apply some. */
  readonly isFresh: () => boolean
  /** Δ. */
  readonly maxStalenessMs: number
}

/** Counts since the start; `entries` and `loading` are of now. */
export interface LoadingCacheStats {
  readonly entries: number
  readonly loading: number
  readonly hits: number
  readonly loads: number
  /** Entries and loads that a change made out of date. */
  readonly invalidated: number
}

/** A value, or the load of one. */
interface Entry<T> extends Times {
  readonly key: string
  readonly watched: readonly number[]
  /** By the monotonic clock, before the load began. */
  readonly begun: bigint
  promise: Promise<T>
}

/**
 * Values that are loaded from elsewhere, each for a time, and never longer than a change allows:
 *
 * - One that is kept is given out only while the engine is fresh: so every change up to Δ ago was told.
 * - A load that a change met under way is kept by nobody, and nobody joins it any more.
 * - Nobody joins a load that began more than Δ ago, unless the engine is fresh.
 *
 * An error is not kept. A value expires by the time at which its load began.
 */
export class LoadingCache<T> implements ChangeListener {
  readonly #deps: LoadingCacheDeps<T>
  readonly #all: ReadonlySet<number>
  readonly #kept: LRUCache<string, Entry<T>>
  readonly #loading = new Map<string, Entry<T>>()
  readonly #watchers = new WatchList<Entry<T>>()
  #hits = 0
  #loads = 0
  #invalidated = 0

  constructor(deps: LoadingCacheDeps<T>) {
    this.#deps = deps
    this.#all = new Set(deps.watchedByAll)
    this.#kept = new LRUCache({ max: deps.max, dispose: (entry) => this.#unwatch(entry) })
  }

  /** The value that is kept, or the load that is under way, or a load of its own. */
  get(request: Request<T>): Promise<T> {
    const { clock, isFresh, maxStalenessMs } = this.#deps
    const fresh = isFresh() // First: it may apply changes.
    const now = clock.now()
    const kept = this.#kept.get(request.key)
    if (fresh && kept !== undefined && isGood(kept, now)) {
      this.#hits++
      return kept.promise
    }
    const loading = this.#loading.get(request.key)
    if (loading !== undefined && isGood(loading, now)) {
      const recent = clock.monotonic() - loading.begun < BigInt(Math.floor(maxStalenessMs * 1e6))
      if (fresh || recent) return loading.promise
    }
    return this.#load(request, now)
  }

  stats(): LoadingCacheStats {
    const counts = { hits: this.#hits, loads: this.#loads, invalidated: this.#invalidated }
    return { entries: this.#kept.size, loading: this.#loading.size, ...counts }
  }

  changed(digest: Digest): void {
    const word = keyOf(digest)
    if (this.#all.has(word)) this.#clear()
    else for (const entry of this.#watchers.of(word)) this.#drop(entry)
  }

  historyChanged(): void {
    this.#clear()
  }

  #load(request: Request<T>, now: number): Promise<T> {
    const { key } = request
    const before = this.#loading.get(key)
    if (before !== undefined) this.#stopLoading(before)
    this.#loads++
    const entry: Entry<T> = {
      key,
      watched: request.watched(),
      begun: this.#deps.clock.monotonic(),
      from: now,
      until: now + this.#deps.ttlSeconds * 1000,
      // In a later turn: whoever loads may ask for the same key.
      promise: Promise.resolve().then(() => this.#run(entry, request)),
    }
    this.#loading.set(key, entry)
    for (const word of entry.watched) this.#watchers.add(word, entry)
    return entry.promise
  }

  async #run(entry: Entry<T>, request: Request<T>): Promise<T> {
    let times: Times | undefined
    try {
      const value = await request.load()
      times = this.#timesOf(entry, value)
      return value
    } finally {
      // A change that came meanwhile has taken it out.
      if (this.#loading.get(entry.key) === entry) {
        this.#loading.delete(entry.key)
        if (times === undefined) this.#unwatch(entry)
        else this.#kept.set(entry.key, Object.assign(entry, times))
      }
    }
  }

  #timesOf(entry: Entry<T>, value: T): Times | undefined {
    const { timesOf } = this.#deps
    if (timesOf === undefined) return entry
    const own = timesOf(value)
    if (own === undefined) return undefined
    return { from: Math.max(entry.from, own.from), until: Math.min(entry.until, own.until) }
  }

  #drop(entry: Entry<T>): void {
    this.#invalidated++
    if (this.#loading.get(entry.key) === entry) this.#stopLoading(entry)
    else this.#kept.delete(entry.key)
  }

  /** Its callers get its value, and nobody else does. */
  #stopLoading(entry: Entry<T>): void {
    this.#loading.delete(entry.key)
    this.#unwatch(entry)
  }

  #clear(): void {
    this.#invalidated += this.#kept.size + this.#loading.size
    this.#kept.clear()
    this.#loading.clear()
    this.#watchers.clear()
  }

  #unwatch(entry: Entry<T>): void {
    for (const word of entry.watched) this.#watchers.delete(word, entry)
  }
}

/** A clock that was set back ends a value too. */
const isGood = ({ from, until }: Times, now: number): boolean => now >= from && now < until
