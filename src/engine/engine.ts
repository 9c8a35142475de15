import type {
  BulkReceipt,
  CheckOptions,
  ListQuery,
  Receipt,
  Revocade,
  RevocationInput,
  RevokeManyOptions,
  RevokeOptions,
  RevokeWhereOptions,
  Selector,
  Stats,
  Token,
  UnrevokeOptions,
} from '../api.js'
import { published } from '../diagnostics.js'
import { RevocadeError } from '../errors.js'
import type { Settings } from '../options.js'
import type { Position, Prefilter, RevocationStore, StoreInfo } from '../ports/index.js'
import type { Notifier } from '../ports/notifier.js'
import type { RedisStats } from '../ports/prefix-cache.js'
import { buildLayers, type Layers, type SharedLayers } from './build-layers.js'
import { exposeInternals } from './internals.js'
import { listRows, readListQuery } from './list.js'
import type { Lookup } from './lookup.js'
import type { Revoke } from './revoke.js'
import { SnapshotFile } from './snapshot-file.js'
import { engineStats } from './stats.js'
import { type Revocation, toRevocation, type Verdict } from './verdict.js'

/** The layers in Redis, as `createRevocade` opens them. */
export interface RedisParts extends SharedLayers {
  readonly notifier: Notifier
  stats(): RedisStats
  close(): Promise<void>
}

/** What an engine is started with. */
export interface EngineParts {
  readonly settings: Settings
  /** Already open, with what it said of itself. The engine closes it. */
  readonly store: RevocationStore
  readonly info: StoreInfo
  /** Empty. */
  readonly prefilter: Prefilter
  readonly redis?: RedisParts | undefined
}

/**
 * The engine. It holds its layers and knows whether it is closed; what a call does is in lookup.ts, revoke.ts
 * and sync.ts. The methods are fields, so that they work when they are taken off the object.
 */
export class Engine implements Revocade {
  readonly #parts: EngineParts
  readonly #layers: Layers
  readonly #lookup: Lookup
  readonly #writer: Revoke
  readonly #snapshot: SnapshotFile | undefined
  #closing: Promise<void> | undefined

  private constructor(parts: EngineParts, layers: Layers, snapshot: SnapshotFile | undefined) {
    this.#parts = parts
    this.#layers = layers
    this.#lookup = layers.lookup
    this.#writer = layers.writer
    this.#snapshot = snapshot
    layers.lookup.engine = this
    exposeInternals(this, { settings: parts.settings, store: parts.store, key: parts.info.key, layers })
  }

  /**
   * Fills the prefilter from the snapshot or the store, applies the changes since, and begins to follow the
   * store. The notifier is told last, when everything it can call is there.
   */
  static async start(parts: EngineParts): Promise<Engine> {
    const { settings, store, info, redis } = parts
    // Without a prefilter every check asks the store, and there is nothing to keep current.
    const filtering = settings.prefilter.kind !== 'none'
    const snapshot = filtering && settings.snapshot ? SnapshotFile.beside(store, info, settings) : undefined
    const restored = await snapshot?.load()
    const layers = buildLayers(settings, {
      store,
      key: info.key,
      prefilter: restored?.prefilter ?? parts.prefilter,
      prefilterState: restored?.state,
      shared: redis,
      checkpoint: (why, live, position) =>
        void (why === 'rebuilt' ? snapshot?.save(live, position) : snapshot?.saveIfStale(live, position)),
    })
    const { live, sync } = layers
    if (filtering) await follow(layers, store, restored?.position)
    else await sync.loadVersions()
    await snapshot?.begin(live, sync.position)
    const engine = new Engine(parts, layers, snapshot)
    // A commit that was announced before this line is in the poll that ended the start.
    redis?.notifier.listen({ onWake: (seq) => sync.hurry(seq), engineStats: engine.stats })
    return engine
  }

  readonly isRevoked = (token: Token, options?: CheckOptions): Promise<boolean> =>
    this.#closing === undefined ? this.#lookup.isRevoked(token, options) : Promise.reject(closedError())

  /** A closed engine has no lease, so it never answers true. */
  readonly isClearlyActive = (token: Token): boolean => this.#lookup.isClearlyActive(token)

  get maxTokenBytes(): number {
    return this.#parts.settings.maxTokenBytes
  }

  get clockToleranceSeconds(): number {
    return this.#parts.settings.clockToleranceSeconds
  }

  readonly check = (token: Token, options?: CheckOptions): Promise<Verdict> =>
    this.#closing === undefined ? this.#lookup.check(token, options) : Promise.reject(closedError())

  readonly revoke = async (token: Token, options?: RevokeOptions): Promise<Receipt> => {
    this.#assertOpen()
    return published(this, 'revoke', () => this.#writer.revoke(token, options))
  }

  readonly revokeWhere = async (selector: Selector, options?: RevokeWhereOptions): Promise<Receipt> => {
    this.#assertOpen()
    return published(this, 'revokeWhere', () => this.#writer.revokeWhere(selector, options))
  }

  readonly revokeMany = async (
    entries: Iterable<RevocationInput> | AsyncIterable<RevocationInput>,
    options?: RevokeManyOptions,
  ): Promise<BulkReceipt> => {
    this.#assertOpen()
    return published(this, 'revokeMany', () => this.#writer.revokeMany(entries, options))
  }

  readonly unrevoke = async (token: Token, options?: UnrevokeOptions): Promise<Receipt> => {
    this.#assertOpen()
    return published(this, 'unrevoke', () => this.#writer.unrevoke(token, options))
  }

  readonly unrevokeWhere = async (selector: Selector, options?: UnrevokeOptions): Promise<Receipt> => {
    this.#assertOpen()
    return published(this, 'unrevokeWhere', () => this.#writer.unrevokeWhere(selector, options))
  }

  readonly list = (query?: ListQuery): AsyncIterable<Revocation> => this.#list(query)

  readonly stats = (): Stats => {
    const { store, redis, settings } = this.#parts
    return engineStats({ layers: this.#layers, store, redis, maxStalenessMs: settings.maxStalenessMs })
  }

  readonly close = (): Promise<void> => {
    this.#closing ??= this.#close()
    return this.#closing
  }

  readonly [Symbol.asyncDispose] = this.close

  async *#list(query: ListQuery = {}): AsyncGenerator<Revocation, void, void> {
    const { store, settings } = this.#parts
    const now = Math.floor(settings.clock.now() / 1000)
    const rows = listRows(store, {
      ...readListQuery(query, now - settings.clockToleranceSeconds),
      beforePage: () => this.#assertOpen(),
    })
    for await (const row of rows) yield toRevocation(row)
  }

  async #close(): Promise<void> {
    const { store, redis } = this.#parts
    const { sync, live } = this.#layers
    try {
      await sync.stop()
      await this.#snapshot?.save(live, sync.position)
    } finally {
      await redis?.close()
      await store.close()
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closedError()
  }
}

/** `position`: what the prefilter holds already; undefined: nothing. */
async function follow({ live, sync }: Layers, store: RevocationStore, position?: Position): Promise<void> {
  await sync.start(position ?? (await live.rebuild(store)))
  sync.keepPolling()
}

function closedError(): RevocadeError {
  return new RevocadeError('ERR_CLOSED', 'this engine was closed: make a new one with createRevocade()')
}
