import type { Clock } from '../ports/clock.js'
import type { Committed, Digest, Logger, Mutation, Position } from '../ports/index.js'
import type { RevokeMutation } from './revocation-request.js'
import type { Write } from './write.js'

/** Nanoseconds for which an acknowledged write is kept. */
const KEPT_NS = 120_000_000_000n
/** Writes that are kept, some megabytes; of more, the oldest are only counted. */
const MOST_KEPT = 16_384
/** Writes in one commit. */
const BATCH = 1024

const isSame = (one: Digest, other: Digest): boolean => one.every((word, i) => word === other[i])

interface Kept {
  readonly digest: Digest
  readonly at: bigint
  readonly position: Position
  readonly mutation: Mutation
  dropped: boolean
}

/** What {@link OwnWrites} needs. */
export interface OwnWritesDeps {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly logger: Logger
  /** Commits revocations. */
  readonly write: (mutations: readonly RevokeMutation[]) => Promise<unknown>
}

/** Counts since the start of the engine; `pending` is of now. */
export interface OwnWritesCounts {
  readonly rewritten: number
  readonly pending: number
  readonly lost: number
}

/**
 * The writes of this engine that a store acknowledged in the last two minutes. A failover may lose some of
 * them. The engine then writes the revocations again, in the order of the first time.
 *
 * Nothing is done about an un-revocation: writing it again could undo a revocation that came after it. And a
 * revocation that was taken back is not written again.
 *
 * Only for stores in which each commit has an epoch of its own: elsewhere nothing is kept.
 */
export class OwnWrites {
  readonly #deps: OwnWritesDeps
  /** In the order of their acknowledgement; those before `#first`, and some others, are dropped. */
  #queue: Kept[] = []
  #first = 0
  /** By the first word of their digests. */
  readonly #byDigest = new Map<number | undefined, Kept[]>()
  /** The newest of those that were too many, and how many. */
  #overflow: { readonly position: Position; readonly at: bigint; readonly count: number } | undefined
  /** To be written again, in order. */
  readonly #pending = new Map<Kept, RevokeMutation>()
  #writing: Promise<void> | undefined
  #failed = false
  #rewritten = 0
  #lost = 0

  constructor(deps: OwnWritesDeps) {
    this.#deps = deps
  }

  get counts(): OwnWritesCounts {
    return { rewritten: this.#rewritten, pending: this.#pending.size, lost: this.#lost }
  }

  /** Notes a commit, in the order of the acknowledgements. */
  note(writes: readonly Write[], { epoch, previous, written }: Committed): void {
    if (previous === undefined) return
    const at = this.#deps.clock.monotonic()
    this.#dropOld(at)
    for (const [i, { mutation, digest, isMark = false }] of writes.entries()) {
      if (isMark) continue // {@link Marks} writes it again itself
      // Whatever it changed: in this engine's order, the revocations before it are taken back.
      if (mutation.op === 'unrevoke') this.#dropAll(digest, Infinity, true)
      const { seq } = written[i] ?? { seq: 0 }
      if (seq > 0) this.#keep({ digest, at, position: { seq, epoch }, mutation, dropped: false })
    }
  }

  /** Notes that the store's history takes a revocation back: those with a smaller number are not kept. */
  takenBack(digest: Digest, seq: number): void {
    if (this.#byDigest.size > 0) this.#dropAll(digest, seq)
  }

  /** One position in each commit. */
  positions(): Position[] {
    this.#dropOld(this.#deps.clock.monotonic())
    const commits = new Map(this.#kept().map(({ position }) => [position.epoch, position]))
    if (this.#overflow !== undefined) commits.set(this.#overflow.position.epoch, this.#overflow.position)
    return [...commits.values()]
  }

  /**
   * The store has another history: what it lacks is to be written again.
   *
   * @param lacking - the epochs of those {@link OwnWrites.positions} that are not in it
   */
  leave(lacking: ReadonlySet<string>): void {
    let [again, lost] = [0, 0]
    if (this.#overflow !== undefined && lacking.has(this.#overflow.position.epoch)) {
      lost += this.#overflow.count
      this.#overflow = undefined
    }
    for (const kept of this.#kept()) {
      if (!lacking.has(kept.position.epoch)) continue
      this.#drop(kept)
      if (kept.mutation.op === 'unrevoke') lost++
      else {
        again++
        this.#pending.set(kept, kept.mutation)
      }
    }
    this.#lost += lost
    if (again + lost === 0) return
    this.#deps.logger.warn(
      { revocations: again, lost },
      'the store lost acknowledged changes of this engine: writing the revocations again',
    )
  }

  /** Writes again what was lost. What fails is tried at the next call. Resolves when this attempt is over. */
  rewrite(): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve()
    this.#writing ??= this.#rewrite().finally(() => (this.#writing = undefined))
    return this.#writing
  }

  async #rewrite(): Promise<void> {
    const { logger, write } = this.#deps
    try {
      while (this.#pending.size > 0) {
        const batch = [...this.#pending].slice(0, BATCH)
        await write(batch.map(([, mutation]) => mutation))
        for (const [kept] of batch) this.#pending.delete(kept)
        this.#rewritten += batch.length
      }
      this.#failed = false
      logger.warn({ rewritten: this.#rewritten }, 'what the store had lost is written again')
    } catch (error) {
      if (!this.#failed) logger.warn({ err: error }, "what the store had lost can't be written again yet")
      this.#failed = true
    }
  }

  #kept(): Kept[] {
    return this.#queue.slice(this.#first).filter(({ dropped }) => !dropped)
  }

  #keep(kept: Kept): void {
    this.#queue.push(kept)
    const others = this.#byDigest.get(kept.digest[0])
    if (others === undefined) this.#byDigest.set(kept.digest[0], [kept])
    else others.push(kept)
    if (this.#queue.length - this.#first <= MOST_KEPT) return
    const oldest = this.#queue[this.#first]
    if (oldest?.dropped === false) {
      const { position, at } = oldest
      this.#overflow = { position, at, count: (this.#overflow?.count ?? 0) + 1 }
    }
    this.#dropFirst()
  }

  #dropFirst(): void {
    const kept = this.#queue[this.#first++]
    if (kept?.dropped === false) this.#drop(kept)
    if (this.#first <= MOST_KEPT) return
    this.#queue = this.#queue.slice(this.#first)
    this.#first = 0
  }

  #drop(kept: Kept): void {
    kept.dropped = true
    const [word] = kept.digest
    const others = this.#byDigest.get(word)?.filter((other) => other !== kept) ?? []
    if (others.length === 0) this.#byDigest.delete(word)
    else this.#byDigest.set(word, others)
  }

  #dropAll(digest: Digest, before: number, pendingToo = false): void {
    for (const kept of this.#byDigest.get(digest[0]) ?? [])
      if (kept.position.seq < before && isSame(kept.digest, digest)) this.#drop(kept)
    if (!pendingToo) return
    for (const kept of this.#pending.keys()) if (isSame(kept.digest, digest)) this.#pending.delete(kept)
  }

  #dropOld(now: bigint): void {
    for (let kept = this.#queue[this.#first]; kept !== undefined; kept = this.#queue[this.#first]) {
      if (now - kept.at < KEPT_NS) break
      this.#dropFirst()
    }
    if (this.#overflow !== undefined && now - this.#overflow.at >= KEPT_NS) this.#overflow = undefined
  }
}
