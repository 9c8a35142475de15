import type {
  Committed,
  DecidingRow,
  Digest,
  MaybePromise,
  Mutation,
  Poll,
  Position,
  RevocationStore,
  ScanChunk,
  ScanEnd,
  StoredRow,
  StoreInfo,
  StoreQuery,
  StoreStats,
} from 'revocade/ports'
import { isPromise } from '#dist/ports/is-promise.js'
import type { ModelStore } from './model-store.js'

/** One engine's connection to a {@link ModelStore}. As of a file, its reads are answered at once. */
export class AtOnceStore implements RevocationStore {
  readonly kind = 'at once'
  readonly #model: ModelStore
  /** The head of the last poll that delivered everything. */
  #polled: Position | undefined
  /** Called within each read of what decides, once the row is read. */
  onRead: () => void = () => undefined

  constructor(model: ModelStore) {
    this.#model = model
    model.isLate = (label) => label === 'write'
  }

  open(): Promise<StoreInfo> {
    return this.#model.open()
  }

  get(digest: Digest): MaybePromise<StoredRow | undefined> {
    return this.#model.get(digest)
  }

  getDeciding(digest: Digest): DecidingRow | undefined {
    const row = this.#model.get(digest)
    this.onRead()
    if (isPromise(row)) throw new TypeError('this store answers at once')
    if (row === undefined) return undefined
    const { seq, revoked, expiresAt, notBefore, issuedThrough } = row
    return {
      seq,
      revoked,
      expiresAt,
      ...(notBefore === undefined ? {} : { notBefore }),
      ...(issuedThrough === undefined ? {} : { issuedThrough }),
    }
  }

  poll(after: Position, limit: number, seen?: Position): MaybePromise<Poll> {
    const { head } = this.#model
    const reply = this.#model.poll(after, limit, seen)
    if (!isPromise(reply) && reply.status === 'ok' && !reply.more) this.#polled = head
    return reply
  }

  isCurrent(): boolean {
    return this.#polled === this.#model.head
  }

  scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void> {
    return this.#model.scan(liveAfter)
  }

  write(mutations: readonly Mutation[]): Promise<Committed> {
    return this.#model.write(mutations)
  }

  list(query: StoreQuery): MaybePromise<readonly StoredRow[]> {
    return this.#model.list(query)
  }

  stats(): StoreStats {
    return this.#model.stats()
  }

  close(): Promise<void> {
    return this.#model.close()
  }
}
