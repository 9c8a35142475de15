import type {
  Change, Committed, Digest, MaybePromise, Mutation, Poll, Position, RevocationStore, ScanChunk, ScanEnd, StoreInfo,
  StoreQuery, StoreStats, StoredRow, Target,
} from 'revocade'

const EPOCH = 'model'

interface ModelRow extends StoredRow {
  readonly key: string
  readonly digest: Digest
}

/** Runs before and after each access, so that a test decides what comes between. */
export type Gate = (label: string) => Promise<void>

/** A store so simple that it is unlikely to be wrong: a list of rows. With a gate it answers late, as a server would. */
export class ModelStore implements RevocationStore {
  readonly kind = 'model'
  rows: ModelRow[] = []
  head: Position = { seq: 0, epoch: '' }
  /** Set to make every access fail. */
  broken: Error | undefined
  /** Told of each commit, at its very moment. */
  onCommit: (target: Target, revoked: boolean) => void = () => undefined
  gate: Gate | undefined

  open(): Promise<StoreInfo> {
    return Promise.resolve({ id: 'model', key: new Uint8Array(16).fill(7) })
  }

  get(digest: Digest): MaybePromise<StoredRow | undefined> {
    return this.#access('get', () => this.#find(digest))
  }

  poll(after: Position, limit: number): MaybePromise<Poll> {
    return this.#access('poll', () => {
      if (after.seq > this.head.seq || (after.seq > 0 && after.epoch !== this.head.epoch)) return { status: 'diverged' }
      const later = this.rows.filter((row) => row.seq > after.seq).toSorted((a, b) => a.seq - b.seq)
      const page = later.slice(0, limit)
      const more = later.length > limit
      const position = more ? { seq: page[page.length - 1].seq, epoch: this.head.epoch } : this.head
      return { status: 'ok', changes: page.map(toChange), position, more }
    })
  }

  async *scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void> {
    const [rows, position] = await this.#access('scan', () => [
      this.rows.filter((row) => row.revoked && row.expiresAt > liveAfter),
      this.head,
    ])
    for (const row of rows) {
      yield { total: rows.length, digests: row.digest, expiresAt: Float64Array.of(row.expiresAt) }
      await this.gate?.('scan chunk')
    }
    const selectors = rows.flatMap(({ target, expiresAt }) =>
      target.kind === 'selector' ? [{ names: Object.keys(target.where).toSorted(), expiresAt }] : [])
    return { position, selectors }
  }

  async write(mutations: readonly Mutation[]): Promise<Committed> {
    return this.#access('write', () => ({ epoch: EPOCH, written: mutations.map((mutation) => this.#apply(mutation)) }))
  }

  list({ afterSeq, limit }: StoreQuery): MaybePromise<readonly StoredRow[]> {
    return this.#access('list', () => this.rows.filter((row) => row.seq > afterSeq).slice(0, limit))
  }

  stats(): StoreStats {
    return { kind: this.kind, id: 'model', seq: this.head.seq }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #find(digest: Digest): ModelRow | undefined {
    return this.rows.find((row) => row.key === digest.join())
  }

  #apply(mutation: Mutation): { seq: number; expiresAt: number } {
    const digest = new Int32Array(mutation.digest.slice().buffer)
    const old = this.#find(digest)
    if (mutation.op === 'unrevoke' && old?.revoked !== true) return { seq: 0, expiresAt: 0 }
    const seq = this.head.seq + 1
    this.head = { seq, epoch: EPOCH }
    this.rows = this.rows.filter((row) => row !== old)
    if (mutation.op === 'revoke') {
      this.rows.push({ ...mutation, key: digest.join(), digest, revoked: true, seq })
      this.onCommit(mutation.target, true)
    } else if (old !== undefined) {
      this.rows.push({ ...old, revoked: false, seq })
      this.onCommit(old.target, false)
    }
    return { seq, expiresAt: mutation.op === 'revoke' ? mutation.expiresAt : (old?.expiresAt ?? 0) }
  }

  #access<T>(label: string, read: () => T): MaybePromise<T> {
    const gate = this.gate
    const answer = (): T => {
      if (this.broken !== undefined) throw this.broken
      return read()
    }
    if (gate === undefined) return answer()
    return (async () => {
      await gate(`${label}: request`)
      const value = answer()
      await gate(`${label}: reply`)
      return value
    })()
  }
}

function toChange({ digest, seq, revoked, expiresAt, target }: ModelRow): Change {
  const selector = target.kind === 'selector' ? { selector: Object.keys(target.where).toSorted() } : {}
  return { digest, seq, revoked, expiresAt, ...selector }
}
