import { randomBytes } from 'node:crypto'
import type {
  Change,
  Committed,
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
  Target,
  Written,
} from 'revocade/ports'
import { bucketOf } from '#dist/buckets/layout.js'
import type { BucketSource, BucketVersion } from '#dist/ports/bucket-source.js'

interface ModelRow extends StoredRow {
  readonly key: string
  readonly digest: Digest
}

/** Runs before and after each access, so that a test decides what comes between. */
export type Gate = (label: string) => Promise<void>

/**
 * A store so simple that it is unlikely to be wrong: a list of rows. With a gate it answers late, as a
 * server does.
 */
export class ModelStore implements RevocationStore {
  readonly kind = 'model'
  rows: ModelRow[] = []
  head: Position = { seq: 0, epoch: '' }
  /** Where each epoch of the history begins. */
  #epochs: Position[] = []
  #newEpoch = true
  #bits = 0
  #versions: Version[] = []
  /** Set to make every access fail. */
  broken: Error | undefined
  /** Called at the moment of each commit; for a revocation with its reason. */
  onCommit: (target: Target, revoked: boolean, reason?: string) => void = () => undefined
  gate: Gate | undefined
  /** Which accesses wait at the gate. */
  isLate: (label: string) => boolean = () => true
  /** As on PostgreSQL: each commit has an epoch of its own, and positions can be asked for. */
  readonly contains?: NonNullable<RevocationStore['contains']>
  readonly #epochEachCommit: boolean

  constructor({ epochEachCommit = false } = {}) {
    this.#epochEachCommit = epochEachCommit
    if (epochEachCommit)
      this.contains = (positions) =>
        this.#access('contains', () => positions.map((position) => this.#isPast(position)))
  }

  open(): Promise<StoreInfo> {
    return Promise.resolve({ id: 'model', key: new Uint8Array(16).fill(7) })
  }

  get(digest: Digest): MaybePromise<StoredRow | undefined> {
    return this.#access('get', () => this.#find(digest))
  }

  poll(after: Position, limit: number, seen = after): MaybePromise<Poll> {
    return this.#access('poll', () => {
      if (!this.#isPast(after) || !this.#isPast(seen)) return { status: 'diverged' }
      const later = this.rows.filter((row) => row.seq > after.seq).toSorted((a, b) => a.seq - b.seq)
      const page = later.slice(0, limit)
      const more = later.length > limit
      const last = page.at(-1)
      const position =
        more && last !== undefined ? { seq: last.seq, epoch: this.#epochAt(last.seq) } : this.head
      const buckets = new Set(page.map(({ digest }) => bucketOf(digest, this.#bits)))
      const versions = [...buckets].map((bucket) => this.#version(bucket))
      return {
        status: 'ok',
        changes: page.map(toChange),
        position,
        more,
        head: this.head,
        buckets: { bits: this.#bits, versions },
      }
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
      target.kind === 'selector' ? [{ names: Object.keys(target.where).toSorted(), expiresAt }] : [],
    )
    return { position, selectors }
  }

  async write(mutations: readonly Mutation[]): Promise<Committed> {
    return this.#access('write', () => {
      const tag = randomBytes(8)
      const previous = this.#epochEachCommit ? { previous: this.head.epoch } : {}
      if (this.#epochEachCommit) this.#newEpoch = true
      const written = mutations.map((mutation) => this.#apply(mutation, tag))
      return { epoch: this.head.epoch, ...previous, written, buckets: { bits: this.#bits, tag } }
    })
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

  readonly buckets: BucketSource = {
    versions: () =>
      this.#access('versions', () => ({
        bits: this.#bits,
        versions: [...this.#versions],
        position: this.head,
      })),
    read: (bucket, bits, since) =>
      this.#access('read bucket', () => {
        if (bits !== this.#bits) return { status: 'layout-changed' }
        const version = this.#version(bucket)
        const tag = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
        const known =
          since !== undefined &&
          [version.tag, ...version.earlier].some((earlier) => tag(earlier) === tag(since.tag))
        const rows = this.rows.filter(({ digest }) => bucketOf(digest, bits) === bucket)
        const wanted = rows.filter((row) => (known ? row.seq > since.seq : row.revoked))
        const entries = wanted.map(({ digest, revoked, expiresAt, notBefore, issuedThrough }) => ({
          digest: new Uint8Array(digest.slice().buffer),
          revoked,
          expiresAt: notBefore === undefined ? expiresAt : 0,
          ...(issuedThrough === undefined ? {} : { issuedThrough }),
        }))
        return { status: 'ok', version, whole: !known, rows: rows.length, entries }
      }),
    split: async (bits) =>
      this.#access('split', () => {
        const parts = 2 ** Math.max(0, bits - this.#bits)
        this.#versions = this.#versions.flatMap((version) =>
          Array.from({ length: parts }, (_, part) => ({ ...version, bucket: version.bucket * parts + part })),
        )
        this.#bits = Math.max(bits, this.#bits)
      }),
  }

  /** A backup. The returned function restores it under running engines, as SQLite's `.restore` does. */
  backup(): () => void {
    const { rows, head } = this
    const [epochs, bits, versions] = [this.#epochs, this.#bits, this.#versions]
    return () => {
      this.rows = rows
      this.head = head
      this.#epochs = epochs
      this.#bits = bits
      this.#versions = versions
      this.#newEpoch = true
    }
  }

  #isPast({ seq, epoch }: Position): boolean {
    return seq === 0 || (seq <= this.head.seq && epoch === this.#epochAt(seq))
  }

  #epochAt(seq: number): string {
    return this.#epochs.findLast((epoch) => epoch.seq <= seq)?.epoch ?? ''
  }

  #version(bucket: number): Version {
    return (
      this.#versions.find((version) => version.bucket === bucket) ?? {
        bucket,
        seq: 0,
        tag: Buffer.alloc(8),
        earlier: [],
      }
    )
  }

  #find(digest: Digest): ModelRow | undefined {
    return this.rows.find((row) => row.key === digest.join())
  }

  #apply(mutation: Mutation, tag: Uint8Array): Written {
    const digest = new Int32Array(mutation.digest.slice().buffer)
    const old = this.#find(digest)
    if (mutation.op === 'unrevoke' && old?.revoked !== true) return { seq: 0, expiresAt: 0, already: false }
    const seq = this.head.seq + 1
    if (this.#newEpoch) this.#epochs = [...this.#epochs, { seq, epoch: randomBytes(4).toString('hex') }]
    this.#newEpoch = false
    this.head = { seq, epoch: this.#epochAt(seq) }
    const before = this.#version(bucketOf(digest, this.#bits))
    const after = { bucket: before.bucket, seq, tag, earlier: [before.tag, ...before.earlier].slice(0, 7) }
    this.#versions = [...this.#versions.filter(({ bucket }) => bucket !== before.bucket), after]
    this.rows = this.rows.filter((row) => row !== old)
    if (mutation.op === 'revoke') {
      this.rows.push({ ...mutation, key: digest.join(), digest, revoked: true, seq })
      this.onCommit(mutation.target, true, mutation.reason)
    } else if (old !== undefined) {
      this.rows.push({ ...old, revoked: false, seq })
      this.onCommit(old.target, false)
    }
    if (mutation.op === 'unrevoke') return { seq, expiresAt: old?.expiresAt ?? 0, already: false }
    return { seq, expiresAt: mutation.expiresAt, already: old?.revoked === true }
  }

  #access<T>(label: string, read: () => T): MaybePromise<T> {
    const gate = this.gate
    const answer = (): T => {
      if (this.broken !== undefined) throw this.broken
      return read()
    }
    if (gate === undefined || !this.isLate(label)) return answer()
    return (async () => {
      await gate(`${label}: request`)
      const value = answer()
      await gate(`${label}: reply`)
      return value
    })()
  }
}

interface Version extends BucketVersion {
  readonly earlier: readonly Uint8Array[]
}

function toChange({ digest, seq, revoked, expiresAt, target }: ModelRow): Change {
  const selector = target.kind === 'selector' ? { selector: Object.keys(target.where).toSorted() } : {}
  return { digest, seq, revoked, expiresAt, ...selector }
}
