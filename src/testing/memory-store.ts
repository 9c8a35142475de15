import { bucketOf } from '../buckets/layout.js'
import { RevocadeError } from '../errors.js'
import type {
  BucketSource,
  Change,
  Committed,
  Digest,
  Mutation,
  Poll,
  Position,
  RevocationStore,
  ScanChunk,
  ScanEnd,
  StoreContext,
  StoredRow,
  StoreInfo,
  StoreQuery,
  StoreStats,
} from '../ports/index.js'
import { readBucket, toVersion } from './memory-buckets.js'
import { type Entry, MemoryData, type NamespaceData, wordsOf } from './memory-data.js'
import { MemorySessions } from './memory-sessions.js'

/** Entries of a scan's chunk. */
const CHUNK = 4096

/** Between `open()` and `close()`. */
interface Opened {
  readonly namespace: NamespaceData
  readonly withBuckets: boolean
}

/**
 * A store in memory, for tests: complete, exact, and gone with the process. **It is not durable**, and it
 * never purges. It passes {@link storeSuite}.
 *
 *     new  --open()-->  open  --close()-->  closed
 *
 * @example
 * import { createRevocade } from 'revocade'
 * import { MemoryStore } from 'revocade/testing'
 *
 * const store = new MemoryStore()
 * const revocade = await createRevocade({ store })
 * // A second engine on the same data, as in another process:
 * const other = await createRevocade({ store: new MemoryStore(store) })
 */
export class MemoryStore implements RevocationStore {
  readonly kind = 'memory'
  readonly buckets: BucketSource = {
    versions: () => {
      const { bits, versions } = this.#required().namespace
      return { bits, versions: [...versions.values()].map(toVersion), position: this.#data.head }
    },
    read: (bucket, bits, since) => readBucket(this.#required().namespace, { bucket, bits, since }),
    split: (bits) => Promise.resolve().then(() => this.#required().namespace.split(bits)),
  }

  readonly sessions = new MemorySessions(() => {
    const { namespace } = this.#required()
    return {
      sessions: namespace.sessions,
      seqOf: (digest) => namespace.find(wordsOf(digest))?.seq ?? 0,
      write: (mutations) => this.#data.commit(namespace, mutations),
    }
  })

  readonly #data: MemoryData
  #state: 'new' | 'closed' | Opened = 'new'
  /** The head at the last poll that delivered everything. */
  #polled: Position | undefined

  /** @param sameDataAs A store whose data this one shares. Default: it has data of its own. */
  constructor(sameDataAs?: MemoryStore) {
    this.#data = sameDataAs === undefined ? new MemoryData() : sameDataAs.#data
  }

  /**
   * Opens the store.
   *
   * @throws {RevocadeError} ERR_STORE_MISMATCH when the data was made with another secret,
   * ERR_STORE_UNAVAILABLE when another store has it exclusively or this one can't, ERR_CONFIG when this store
   * was opened before, ERR_CLOSED when it was closed.
   */
  async open(context: StoreContext): Promise<StoreInfo> {
    if (this.#state === 'closed') throw closed()
    if (this.#state !== 'new')
      throw new RevocadeError('ERR_CONFIG', 'a store is opened only once: make another one')
    const { users } = this.#data
    if ((context.exclusive && users.size > 0) || [...users.values()].includes(true)) {
      throw new RevocadeError(
        'ERR_STORE_UNAVAILABLE',
        'the store is in use: close the store that has it open',
      )
    }
    const info = this.#data.identify(context.secret)
    users.set(this, context.exclusive)
    this.#data.toleranceSeconds = Math.max(this.clockToleranceSeconds, context.clockToleranceSeconds ?? 0)
    this.#state = {
      namespace: this.#data.namespace(context.namespace),
      withBuckets: context.buckets ?? false,
    }
    return Promise.resolve(info)
  }

  get clockToleranceSeconds(): number {
    return this.#data.toleranceSeconds
  }

  get(digest: Digest): StoredRow | undefined {
    return this.#required().namespace.find(digest)
  }

  poll(after: Position, limit: number, seen = after): Poll {
    const { namespace, withBuckets } = this.#required()
    const { head } = this.#data
    if (!this.#data.contains(after) || !this.#data.contains(seen)) return { status: 'diverged' }
    const found = laterThan(namespace, after.seq, limit + 1)
    const more = found.length > limit
    if (!more) this.#polled = head
    if (after.seq === head.seq) return { status: 'ok', changes: [], position: head, more: false }
    const page = found.slice(0, limit)
    const position = more ? this.#data.positionOf(page.at(-1)?.row.seq ?? after.seq) : head
    const poll = { status: 'ok', changes: page.map(toChange), position, more, head } as const
    if (!withBuckets) return poll
    const { bits } = namespace
    const changed = new Set(page.map(({ digest }) => bucketOf(digest, bits)))
    const versions = [...changed].map((bucket) => toVersion(namespace.version(bucket)))
    return { ...poll, buckets: { bits, versions } }
  }

  contains(positions: readonly Position[]): readonly boolean[] {
    this.#required()
    return positions.map((position) => this.#data.contains(position))
  }

  isCurrent(): boolean {
    return typeof this.#state === 'object' && this.#polled?.epoch === this.#data.head.epoch
  }

  async *scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void> {
    const entries = [...(await Promise.resolve(this.#required())).namespace.entries.values()]
    const position = this.#data.head
    const live = entries.filter(({ row }) => row.revoked && row.expiresAt > liveAfter)
    const shapes = new Map<string, { readonly names: readonly string[]; readonly expiresAt: number }>()
    for (const { row } of live) {
      const names = selectorNames(row)
      if (names === undefined) continue
      const latest = Math.max(shapes.get(names.join('\n'))?.expiresAt ?? 0, row.expiresAt)
      shapes.set(names.join('\n'), { names, expiresAt: latest })
    }
    for (let at = 0; at < live.length; at += CHUNK) {
      const part = live.slice(at, at + CHUNK)
      yield {
        total: live.length,
        digests: Int32Array.from(part.flatMap(({ digest }) => [...digest])),
        expiresAt: Float64Array.from(part, ({ row }) => row.expiresAt),
      }
    }
    return { position, selectors: [...shapes.values()] }
  }

  async write(mutations: readonly Mutation[]): Promise<Committed> {
    return Promise.resolve(this.#data.commit(this.#required().namespace, mutations))
  }

  list({ afterSeq, limit, liveAfter = -1, kind }: StoreQuery): readonly StoredRow[] {
    const isWanted = ({ row }: Entry): boolean =>
      row.expiresAt > liveAfter &&
      (kind === undefined || (row.target.kind === 'selector') === (kind === 'selector'))
    return laterThan(this.#required().namespace, afterSeq, Infinity)
      .filter(isWanted)
      .slice(0, limit)
      .map(({ row }) => row)
  }

  /**
   * Takes a backup.
   *
   * @returns A function that restores it under all stores on this data. The commits since are lost, as in a
   *   failover.
   */
  backup(): () => void {
    return this.#data.backup()
  }

  stats(): StoreStats {
    return { kind: this.kind, id: this.#data.id, seq: this.#data.head.seq }
  }

  close(): Promise<void> {
    this.#state = 'closed'
    this.#data.users.delete(this)
    return Promise.resolve()
  }

  #required(): Opened {
    if (this.#state === 'closed') throw closed()
    if (this.#state === 'new')
      throw new RevocadeError('ERR_STORE_UNAVAILABLE', 'the store is not open: await open() first')
    return this.#state
  }
}

const closed = (): RevocadeError => new RevocadeError('ERR_CLOSED', 'the store was closed')

/** The entries after a change, in order of `seq`, at most `limit`. */
function laterThan({ entries }: NamespaceData, seq: number, limit: number): Entry[] {
  const found: Entry[] = []
  for (const entry of entries.values()) {
    if (found.length >= limit) break
    if (entry.row.seq > seq) found.push(entry)
  }
  return found
}

function toChange({ digest, row }: Entry): Change {
  const { seq, revoked, expiresAt } = row
  const selector = selectorNames(row)
  return { digest, seq, revoked, expiresAt, ...(selector === undefined ? {} : { selector }) }
}

const selectorNames = ({ target }: StoredRow): readonly string[] | undefined =>
  target.kind === 'selector' ? Object.keys(target.where).toSorted() : undefined
