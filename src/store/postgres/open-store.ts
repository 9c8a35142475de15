import { MAX_BUCKET_BITS } from '../../buckets/layout.js'
import { RevocadeError } from '../../errors.js'
import type {
  Committed,
  Mutation,
  ScanChunk,
  ScanEnd,
  SessionCommit,
  StoreContext,
  StoreStats,
} from '../../ports/index.js'
import { GroupCommit, shareOut } from '../network/group-commit.js'
import { ServerClock } from '../network/server-clock.js'
import { pack, type PackedMutation, toBatch } from './batch.js'
import { Committer } from './committer.js'
import { createPool, type HandedInPool } from './driver.js'
import { DurableCalls } from './durable-calls.js'
import { codeOf, isAnswer, toRevocadeError } from './errors.js'
import { CONNECT_TIMEOUT_MS, type PostgresSettings, readDeadline } from './options.js'
import { Reader } from './reader.js'
import { scanStore } from './scan.js'
import { type PackedSessions, packSessions } from './session-batch.js'
import { SessionCommitter } from './session-committer.js'
import { type OpenedStore, setUp } from './setup.js'

const PURGE_INTERVAL_MS = 30_000

/** The operations of a store between `open()` and `close()`. */
export class OpenPostgres {
  readonly store: OpenedStore
  readonly reader: Reader
  readonly #context: StoreContext
  readonly #pool: HandedInPool
  readonly #endPool: () => Promise<void>
  readonly #calls: DurableCalls
  readonly #committer: Committer
  readonly #sessionCommitter: SessionCommitter
  readonly #queue: GroupCommit<readonly PackedMutation[], Committed>
  readonly #sessionQueue: GroupCommit<PackedSessions, Committed | undefined>
  readonly #purgeTimer: NodeJS.Timeout
  #maintenance: Promise<unknown> = Promise.resolve()
  #closing = false
  /** Where the next purge of refresh tokens begins. */
  #sessionPage = '0'

  static async open(settings: PostgresSettings, context: StoreContext): Promise<OpenPostgres> {
    const { place } = settings
    const own =
      typeof place === 'string'
        ? await createPool({ url: place, connectTimeoutMs: CONNECT_TIMEOUT_MS })
        : undefined
    const endPool = async (): Promise<void> => own?.end()
    const pool = own ?? (place as HandedInPool)
    try {
      const store = await setUp(pool, settings, context)
      return new OpenPostgres({ settings, context, pool, endPool, store })
    } catch (error) {
      await endPool()
      throw error
    }
  }

  private constructor(parts: {
    readonly settings: PostgresSettings
    readonly context: StoreContext
    readonly pool: HandedInPool
    readonly endPool: () => Promise<void>
    readonly store: OpenedStore
  }) {
    const { settings, context, pool, endPool, store } = parts
    this.store = store
    this.#context = context
    this.#pool = pool
    this.#endPool = endPool
    const clock = new ServerClock()
    clock.note(store.serverMs)
    this.reader = new Reader(pool, store, readDeadline(settings, context.maxStalenessMs), clock)
    this.#calls = new DurableCalls(pool, store, settings.writeTimeoutMs, clock)
    this.#committer = new Committer(this.#calls, store)
    this.#sessionCommitter = new SessionCommitter(this.#calls, store)
    this.#queue = new GroupCommit({
      commit: async (calls) => shareOut(await this.#committer.commit(toBatch(calls.flat())), calls),
      isUnreachable,
    })
    this.#sessionQueue = new GroupCommit({
      commit: (group) => this.#sessionCommitter.commit(group),
      isUnreachable,
    })
    this.#purgeTimer = setInterval(() => {
      this.purge(false).catch((error: unknown) =>
        context.logger.warn({ err: error }, 'expired revocations could not be purged'),
      )
    }, PURGE_INTERVAL_MS).unref()
  }

  /** See `RevocationStore.clockToleranceSeconds`. */
  get clockToleranceSeconds(): number {
    return Math.max(this.reader.toleranceSeconds, this.#context.clockToleranceSeconds ?? 0)
  }

  /** Whether polls report the versions of buckets. */
  get withBuckets(): boolean {
    return this.#context.buckets === true
  }

  write(mutations: readonly Mutation[]): Promise<Committed> {
    return this.#queue.add(mutations.map(pack), mutations.length)
  }

  /**
   * Commits refresh tokens; undefined if a condition does not hold.
   *
   * @param dropBefore Salts of earlier minutes than this are deleted, too.
   */
  commitSessions(commit: SessionCommit, dropBefore?: number): Promise<Committed | undefined> {
    const packed = packSessions(commit, dropBefore)
    return this.#sessionQueue.add(packed, packed.weight)
  }

  async *scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void> {
    return yield* scanStore(this.#pool, this.store, liveAfter)
  }

  async split(bits: number): Promise<void> {
    const { schema, namespaceId } = this.store
    const wanted = Math.min(bits, MAX_BUCKET_BITS)
    await this.#maintain(`SELECT ${schema}.split_v1($1, $2, $3)`, [namespaceId, wanted, this.#calls.lockMs])
  }

  /**
   * Deletes rows whose expiry and grace are over, in steps, and returns how many.
   *
   * @param force Also if another engine has purged a moment ago.
   */
  async purge(force: boolean): Promise<number> {
    const { clock, purgeGraceSeconds, clockToleranceSeconds = 0 } = this.#context
    const expiredBefore = Math.floor(clock.now() / 1000) - purgeGraceSeconds
    const sql = `SELECT * FROM ${this.store.schema}.purge_v1($1, $2, $3, $4, $5)`
    let deleted = 0
    for (let after: string | null = '0'; after !== null && !this.#closing;) {
      const values = [after, force, this.#calls.lockMs, expiredBefore, Math.ceil(clockToleranceSeconds)]
      const [last = null, count = '0'] = await this.#maintain(sql, values)
      deleted += Number(count)
      after = last
    }
    return this.#closing ? deleted : deleted + (await this.#purgeSessions(expiredBefore * 1000))
  }

  /** One step: nothing depends on when a row goes. */
  async #purgeSessions(before: number): Promise<number> {
    const [next, count] = await this.#maintain(
      `SELECT * FROM ${this.store.schema}.purge_sessions_v1($1, $2, $3)`,
      [this.#sessionPage, before, this.#calls.lockMs],
    )
    this.#sessionPage = next ?? '0'
    return Number(count)
  }

  stats(): StoreStats {
    const { id, serverVersion, schemaVersion, schema } = this.store
    return {
      kind: 'postgres',
      id,
      seq: Math.max(this.reader.lastSeq, this.#committer.lastSeq, this.#sessionCommitter.lastSeq),
      schema: schema.slice(1, -1),
      serverVersion,
      schemaVersion,
      clockToleranceSeconds: this.clockToleranceSeconds,
      pendingWrites: this.#queue.waiting + this.#sessionQueue.waiting,
      commits: this.#queue.commits + this.#sessionQueue.commits,
    }
  }

  async close(): Promise<void> {
    this.#closing = true
    clearInterval(this.#purgeTimer)
    await Promise.all([this.#queue.settled(), this.#sessionQueue.settled()])
    await this.#maintenance.catch(() => undefined)
    await Promise.all([this.#calls.close(), this.reader.close()])
    await this.#endPool()
  }

  #maintain(sql: string, values: readonly unknown[]): Promise<readonly (string | null)[]> {
    const done = this.#calls.call({ sql, values }).catch((error: unknown) => {
      throw toRevocadeError(error, 'read')
    })
    this.#maintenance = done
    return done
  }
}

const isUnreachable = (error: unknown): boolean =>
  error instanceof RevocadeError && !isAnswer(error.cause) && codeOf(error) !== 'ERR_CONFIG'
