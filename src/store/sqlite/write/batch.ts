import type { RevocadeError } from '../../../errors.js'
import type { Committed, Mutation, SessionCommit, Written } from '../../../ports/index.js'
import { type BatchResult, type PackedBatch, RESULT_FIELDS } from './commit.js'
import { Packer } from './mutation-codec.js'
import { SessionPacker } from './session-codec.js'

/** Mutations, or rows of refresh tokens, from which on a batch takes no more: about 0.3 s of commit. */
const MAX_WEIGHT = 32_768

/** A commit of refresh tokens, and the salts that are deleted with it. */
export type SessionWork = SessionCommit & { /** As in `PackedCommit`. */ readonly dropBefore: number }

/** What a promise is settled with. */
export interface Settle<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: RevocadeError) => void
}

interface Waiter {
  /** Mutations. */
  readonly count: number
  /** Gets what the batch made of them, and which commits of refresh tokens it made. */
  readonly resolve: (committed: Committed, made: Uint8Array) => void
  readonly reject: (error: RevocadeError) => void
}

/** Writes that are committed together, and who waits for them. */
export class Batch {
  /** Mutations and rows of refresh tokens. */
  weight = 0
  readonly #packer: Packer
  #sessions: SessionPacker | undefined
  readonly #waiters: Waiter[] = []

  /** @param memory Of an earlier batch, to be used again. */
  constructor(memory: ArrayBuffer | undefined) {
    this.#packer = new Packer(memory)
  }

  /**
   * Large batches write less in total, because digests are random and each commit writes nearly every page of
   * a large index once. But others wait for them.
   */
  get isFull(): boolean {
    return this.weight >= MAX_WEIGHT
  }

  /**
   * Adds a write. If it throws, the batch is as before.
   *
   * @throws {RevocadeError} See `Packer.push`.
   */
  add(mutations: readonly Mutation[], { resolve, reject }: Settle<Committed>): void {
    this.#packer.push(mutations)
    this.weight += mutations.length
    this.#waiters.push({ count: mutations.length, resolve, reject })
  }

  /** Adds a commit of refresh tokens likewise. It resolves to undefined if its conditions do not hold. */
  addSessions(work: SessionWork, { resolve, reject }: Settle<Committed | undefined>): void {
    const at = this.#packer.count
    const count = work.mutations.length
    this.#packer.push(work.mutations)
    this.#sessions ??= new SessionPacker()
    const number = this.#sessions.count
    this.#sessions.push({ ...work, at, mutations: count })
    this.weight += weightOf(work)
    this.#waiters.push({
      count,
      resolve: (committed, made) => resolve(made[number] === 1 ? committed : undefined),
      reject,
    })
  }

  /** Hands out the packed batch for transfer. Nothing can be added afterwards. */
  release(): PackedBatch {
    const { count } = this.#packer
    const sessions = this.#sessions && { count: this.#sessions.count, memory: this.#sessions.release() }
    return { memory: this.#packer.release(), count, sessions }
  }

  acknowledge({ results, epoch, bits, tag, made }: BatchResult): void {
    const buckets = { bits, tag: Buffer.from(tag, 'hex') }
    let at = 0
    for (const { count, resolve } of this.#waiters) {
      const end = at + count * RESULT_FIELDS
      resolve({ epoch, written: toWritten(results, at, end), buckets }, made)
      at = end
    }
  }

  reject(error: RevocadeError): void {
    for (const waiter of this.#waiters) waiter.reject(error)
  }
}

/** What a commit of refresh tokens adds to {@link Batch.weight}. */
export const weightOf = ({ put, mutations }: SessionWork): number => 1 + put.length + mutations.length

function toWritten(results: Float64Array, from: number, to: number): Written[] {
  const written: Written[] = []
  for (let at = from; at < to; at += RESULT_FIELDS) {
    const notBefore = results[at + 3] ?? -1
    written.push({
      seq: results[at] ?? 0,
      expiresAt: results[at + 1] ?? 0,
      already: results[at + 2] === 1,
      ...(notBefore < 0 ? {} : { notBefore }),
    })
  }
  return written
}
