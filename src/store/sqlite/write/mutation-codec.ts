import { RevocadeError } from '../../../errors.js'
import type { Mutation } from '../../../ports/index.js'
import { selectorToJson, targetToJson } from '../../format/target.js'
import { toStoredTime } from '../../format/times.js'

/**
 * The batch format, in which mutations travel to the write thread: one transferable buffer for each batch,
 * because cloning thousands of small objects between threads costs more than the commit.
 *
 * A mutation is a fixed part (operation, presence flags, digest, five float64 times; little-endian) and the
 * UTF-8 texts target, selector, reason and actor. The fixed part has the length of each text as a uint32.
 */
const REVOKE = 1
const UNREVOKE = 0
const HAS_ISSUED_BEFORE = 1
const HAS_ISSUED_THROUGH = 2
const HAS_SELECTOR = 4
const HAS_REASON = 8
const HAS_ACTOR = 16
const HAS_NOT_BEFORE = 32
const DIGEST_AT = 2
const TIMES_AT = 18
const LENGTHS_AT = TIMES_AT + 5 * 8
const FIXED = LENGTHS_AT + 4 * 4
const INITIAL_BYTES = 64 * 1024
/** Larger buffers are not reused for a later batch. */
const MAX_RECYCLED_BYTES = 8 * 1024 * 1024

/** A mutation in the write thread. Absent values are null, as SQLite binds them. */
export interface UnpackedMutation {
  readonly revoke: boolean
  readonly digest: Buffer
  readonly expiresAt: number
  readonly revokedAt: number
  readonly notBefore: number | null
  readonly issuedBefore: number | null
  readonly issuedThrough: number | null
  readonly target: string
  readonly selector: string | null
  readonly reason: string | null
  readonly actor: string | null
}

/** Fills one buffer with mutations. */
export class Packer {
  /** Mutations in the buffer. */
  count = 0
  #bytes: Buffer
  #view: DataView
  #end = 0

  constructor(recycled?: ArrayBuffer) {
    const memory = recycled ?? new ArrayBuffer(INITIAL_BYTES)
    this.#bytes = Buffer.from(memory)
    this.#view = new DataView(memory)
  }

  /** Bytes in use. */
  get length(): number {
    return this.#end
  }

  /**
   * Appends mutations: all of them, or none if it throws.
   *
   * @throws {RevocadeError} ERR_INVALID_TIME or ERR_CONFIG when one of them can't be stored.
   */
  push(mutations: readonly Mutation[]): void {
    const { count } = this
    const end = this.#end
    try {
      for (const mutation of mutations) this.#append(mutation)
    } catch (error) {
      this.count = count
      this.#end = end
      throw error
    }
  }

  /** Hands out the memory for transfer. The packer can't be used afterwards. */
  release(): ArrayBuffer {
    return this.#view.buffer as ArrayBuffer
  }

  #append(mutation: Mutation): void {
    if (mutation.digest.length !== 16)
      throw new RevocadeError('ERR_CONFIG', `a digest has 16 bytes, not ${mutation.digest.length}`)
    this.#reserve(FIXED)
    const start = this.#end
    this.#bytes.set(mutation.digest, start + DIGEST_AT)
    this.#view.setFloat64(start + TIMES_AT + 8, toStoredTime(mutation.revokedAt, 'revokedAt'), true)
    this.#end = start + FIXED
    if (mutation.op === 'unrevoke') {
      this.#view.setUint8(start, UNREVOKE)
    } else {
      const { target, notBefore, issuedBefore, issuedThrough, reason, actor } = mutation
      let flags = 0
      this.#view.setUint8(start, REVOKE)
      this.#view.setFloat64(start + TIMES_AT, toStoredTime(mutation.expiresAt, 'expiresAt'), true)
      if (issuedBefore !== undefined) {
        flags |= HAS_ISSUED_BEFORE
        this.#view.setFloat64(start + TIMES_AT + 16, toStoredTime(issuedBefore, 'issuedBefore'), true)
      }
      if (issuedThrough !== undefined) {
        flags |= HAS_ISSUED_THROUGH
        this.#view.setFloat64(start + TIMES_AT + 24, toStoredTime(issuedThrough, 'issuedThrough'), true)
      }
      if (notBefore !== undefined) {
        flags |= HAS_NOT_BEFORE
        this.#view.setFloat64(start + TIMES_AT + 32, toStoredTime(notBefore, 'notBefore'), true)
      }
      this.#text(start, 0, targetToJson(target))
      const selector = selectorToJson(target)
      if (selector !== null) {
        flags |= HAS_SELECTOR
        this.#text(start, 1, selector)
      }
      if (reason !== undefined) {
        flags |= HAS_REASON
        this.#text(start, 2, reason)
      }
      if (actor !== undefined) {
        flags |= HAS_ACTOR
        this.#text(start, 3, actor)
      }
      this.#view.setUint8(start + 1, flags)
    }
    this.count++
  }

  #text(start: number, index: number, text: string): void {
    this.#reserve(text.length * 3) // UTF-8 needs at most 3 bytes for a UTF-16 unit
    const written = this.#bytes.write(text, this.#end, 'utf8')
    this.#view.setUint32(start + LENGTHS_AT + index * 4, written, true)
    this.#end += written
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return
    const memory = new ArrayBuffer(Math.max(this.#bytes.length * 2, this.#end + bytes))
    const grown = Buffer.from(memory)
    grown.set(this.#bytes.subarray(0, this.#end))
    this.#bytes = grown
    this.#view = new DataView(memory)
  }
}

/** Whether a buffer that came back is reused for a later batch. */
export function isRecyclable(memory: ArrayBuffer): boolean {
  return memory.byteLength >= INITIAL_BYTES && memory.byteLength <= MAX_RECYCLED_BYTES
}

/** Reads the mutations of a packed batch in order. Digests are views of the buffer. */
export function* unpack(memory: ArrayBuffer, count: number): Generator<UnpackedMutation, void, void> {
  const bytes = Buffer.from(memory)
  const view = new DataView(memory)
  let start = 0
  for (let i = 0; i < count; i++) {
    const revoke = view.getUint8(start) === REVOKE
    const flags = revoke ? view.getUint8(start + 1) : 0
    let at = start + FIXED
    const text = (index: number, present: boolean): string | null => {
      if (!present) return null
      const from = at
      at += view.getUint32(start + LENGTHS_AT + index * 4, true)
      return bytes.toString('utf8', from, at)
    }
    yield {
      revoke,
      digest: bytes.subarray(start + DIGEST_AT, start + TIMES_AT),
      expiresAt: revoke ? view.getFloat64(start + TIMES_AT, true) : 0,
      revokedAt: view.getFloat64(start + TIMES_AT + 8, true),
      notBefore: (flags & HAS_NOT_BEFORE) === 0 ? null : view.getFloat64(start + TIMES_AT + 32, true),
      issuedBefore: (flags & HAS_ISSUED_BEFORE) === 0 ? null : view.getFloat64(start + TIMES_AT + 16, true),
      issuedThrough: (flags & HAS_ISSUED_THROUGH) === 0 ? null : view.getFloat64(start + TIMES_AT + 24, true),
      target: text(0, revoke) ?? '',
      selector: text(1, (flags & HAS_SELECTOR) !== 0),
      reason: text(2, (flags & HAS_REASON) !== 0),
      actor: text(3, (flags & HAS_ACTOR) !== 0),
    }
    start = at
  }
}
