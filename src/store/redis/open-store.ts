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
import { createClient } from '../../redis/connection/connect.js'
import { GroupCommit } from '../network/group-commit.js'
import { ServerClock } from '../network/server-clock.js'
import { Committer, type Done, type Work } from './committer.js'
import { type Argument, StoreConnection } from './connection.js'
import { isAnswer, toRevocadeError } from './errors.js'
import type { RedisStoreSettings } from './options.js'
import { Reader } from './reader.js'
import { encodeMutation } from './row-codec.js'
import { PURGE, SPLIT } from './scripts/bucket-scripts.js'
import type { Script } from './scripts/script.js'
import { PURGE_SESSIONS } from './scripts/session-scripts.js'
import { problemOf, readServerFacts } from './server-facts.js'
import { encodeCommit } from './session-codec.js'
import { type OpenedStore, setUp } from './setup.js'

/** Milliseconds between two looks at the settings of the server; every third one purges. */
const LOOK_INTERVAL_MS = 10_000
/** For the time to connect, which the Redis layer derives from it, in milliseconds. */
const CONNECT_BASIS_MS = 200

/** The operations of a store between `open()` and `close()`. */
export class OpenRedis {
  readonly store: OpenedStore
  readonly reader: Reader
  readonly #context: StoreContext
  readonly #settings: RedisStoreSettings
  readonly #connections: Connections
  readonly #committer: Committer
  readonly #queue: GroupCommit<Work, Done>
  readonly #timer: NodeJS.Timeout
  #looks = 0
  #appendfsync: string | undefined
  #maintenance: Promise<unknown> = Promise.resolve()
  #closing = false
  /** Where the next purge of refresh tokens begins. */
  #sessionHash = 0

  static async open(settings: RedisStoreSettings, context: StoreContext): Promise<OpenRedis> {
    const connect = async (): Promise<StoreConnection> =>
      new StoreConnection(await createClient(settings.target, CONNECT_BASIS_MS, 'store'))
    const connections = { reads: await connect(), writes: await connect() }
    try {
      const store = await setUp(connections.reads, settings, context)
      return new OpenRedis({ settings, context, connections, store })
    } catch (error) {
      closeAll(connections)
      throw error
    }
  }

  private constructor(parts: {
    readonly settings: RedisStoreSettings
    readonly context: StoreContext
    readonly connections: Connections
    readonly store: OpenedStore
  }) {
    const { settings, context, connections, store } = parts
    this.store = store
    this.#context = context
    this.#settings = settings
    this.#connections = connections
    this.#appendfsync = store.facts.appendfsync
    const clock = new ServerClock()
    clock.note(store.serverMs)
    this.reader = new Reader(connections.reads, store, settings.readTimeoutMs, clock)
    this.#committer = new Committer(connections.writes, store, settings, clock)
    this.#queue = new GroupCommit({
      commit: (works) => this.#committer.commit(works),
      isUnreachable: (error) =>
        error instanceof RevocadeError && error.cause !== undefined && !isAnswer(error.cause),
    })
    this.#timer = setInterval(() => void this.#lookAfter(), LOOK_INTERVAL_MS).unref()
  }

  /** See `RevocationStore.clockToleranceSeconds`. */
  get clockToleranceSeconds(): number {
    return Math.max(this.reader.toleranceSeconds, this.#context.clockToleranceSeconds ?? 0)
  }

  /** Whether polls report the versions of buckets. */
  get withBuckets(): boolean {
    return this.#context.buckets === true
  }

  async write(mutations: readonly Mutation[]): Promise<Committed> {
    const rows = this.#rowsOf(mutations)
    return (await this.#queue.add({ rows }, rows.length)).committed
  }

  /**
   * Commits refresh tokens; undefined if a condition does not hold.
   *
   * @param dropBefore Salts of earlier minutes than this are deleted, too.
   */
  async commitSessions(commit: SessionCommit, dropBefore = 0): Promise<Committed | undefined> {
    const rows = this.#rowsOf(commit.mutations)
    const sessions = encodeCommit(commit, dropBefore)
    const weight = 1 + rows.length + commit.put.length
    const { committed, isMade } = await this.#queue.add({ rows, sessions }, weight)
    return isMade ? committed : undefined
  }

  #rowsOf(mutations: readonly Mutation[]): Buffer[] {
    return mutations.map((mutation) => encodeMutation(mutation, this.store.namespaceId))
  }

  scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void> {
    return this.reader.scan(liveAfter)
  }

  async split(bits: number): Promise<void> {
    await this.#maintain(SPLIT, [Math.min(bits, MAX_BUCKET_BITS)])
  }

  /**
   * Deletes rows whose expiry and grace are over, in steps, and returns how many.
   *
   * @param force Also if another engine has purged a moment ago.
   */
  async purge(force: boolean): Promise<number> {
    const { clock, purgeGraceSeconds, clockToleranceSeconds = 0 } = this.#context
    const expiredBefore = Math.floor(clock.now() / 1000) - purgeGraceSeconds
    let deleted = 0
    for (let next = 0; next >= 0 && !this.#closing;) {
      const args = [next, force ? '1' : '0', expiredBefore, Math.ceil(clockToleranceSeconds)]
      const [after = -1, count = 0] = (await this.#maintain(PURGE, args)) as number[]
      deleted += count
      next = after
    }
    return this.#closing ? deleted : deleted + (await this.#purgeSessions(expiredBefore * 1000))
  }

  /** One step: nothing depends on when a row goes. */
  async #purgeSessions(before: number): Promise<number> {
    const [next = 0, count = 0] = (await this.#maintain(PURGE_SESSIONS, [
      ...[this.#sessionHash, before],
    ])) as number[]
    this.#sessionHash = next
    return count
  }

  stats(): StoreStats {
    const { id, facts } = this.store
    const { description, keyPrefix, waitReplicas } = this.#settings
    return {
      kind: 'redis',
      id,
      seq: Math.max(this.reader.lastSeq, this.#committer.lastSeq),
      server: description,
      keyPrefix,
      serverVersion: facts.server,
      appendfsync: this.#appendfsync ?? null,
      waitReplicas,
      clockToleranceSeconds: this.clockToleranceSeconds,
      pendingWrites: this.#queue.waiting,
      commits: this.#queue.commits,
    }
  }

  async close(): Promise<void> {
    this.#closing = true
    clearInterval(this.#timer)
    await this.#queue.settled()
    await this.#maintenance.catch(() => undefined)
    closeAll(this.#connections)
  }

  /** What a script can't see is read from time to time: whether the log is still written to the disk. */
  async #lookAfter(): Promise<void> {
    const { logger } = this.#context
    try {
      const { readTimeoutMs } = this.#settings
      const facts = await readServerFacts(this.#connections.reads, this.store.head, readTimeoutMs)
      const problem = problemOf(facts, this.#settings)
      if (problem !== undefined && this.#committer.refusal === undefined)
        logger.error({ problem }, 'the Redis store takes no writes')
      this.#committer.refusal = problem
      this.#appendfsync = facts.appendfsync
      if (this.#looks++ % 3 === 0) await this.purge(false)
    } catch (error) {
      if (!this.#closing) logger.warn({ err: error }, 'the Redis store could not be looked after')
    }
  }

  #maintain(script: Script, args: readonly Argument[]): Promise<unknown> {
    const { id, namespace, namespaceId, head } = this.store
    const all = [id, namespace, namespaceId, ...args]
    const { writeTimeoutMs } = this.#settings
    const done = this.#connections.writes.run(script, head, all, writeTimeoutMs).catch((error: unknown) => {
      throw toRevocadeError(error, 'read')
    })
    this.#maintenance = done
    return done
  }
}

interface Connections {
  readonly reads: StoreConnection
  readonly writes: StoreConnection
}

function closeAll({ reads, writes }: Connections): void {
  reads.close()
  writes.close()
}
