import { randomBytes } from 'node:crypto'
import { RevocadeError } from '../../errors.js'
import type { Mutation, Written } from '../../ports/index.js'
import { selectorToJson, targetToJson } from '../format/target.js'
import { toStoredTime } from '../format/times.js'

/** A mutation as the columns of `apply_v1`. */
export type PackedMutation = readonly [
  revoke: boolean,
  digest: string,
  expiresAt: number,
  revokedAt: number,
  notBefore: number | null,
  issuedBefore: number | null,
  issuedThrough: number | null,
  selector: string | null,
  target: string,
  reason: string | null,
  actor: string | null,
]

/**
 * Packs a mutation.
 *
 * @throws {RevocadeError} ERR_INVALID_TIME or ERR_CONFIG when it can't be stored.
 */
export function pack(mutation: Mutation): PackedMutation {
  if (mutation.digest.length !== 16)
    throw new RevocadeError('ERR_CONFIG', `a digest has 16 bytes, not ${mutation.digest.length}`)
  const digest = hex(mutation.digest)
  const revokedAt = toStoredTime(mutation.revokedAt, 'revokedAt')
  if (mutation.op === 'unrevoke') return [false, digest, 0, revokedAt, null, null, null, null, '', null, null]
  const { target, notBefore, issuedBefore, issuedThrough, reason, actor } = mutation
  return [
    true,
    digest,
    toStoredTime(mutation.expiresAt, 'expiresAt'),
    revokedAt,
    notBefore === undefined ? null : toStoredTime(notBefore, 'notBefore'),
    issuedBefore === undefined ? null : toStoredTime(issuedBefore, 'issuedBefore'),
    issuedThrough === undefined ? null : toStoredTime(issuedThrough, 'issuedThrough'),
    selectorToJson(target),
    storable(targetToJson(target)),
    storable(reason),
    storable(actor),
  ]
}

/** PostgreSQL keeps no zero character in a text. In JSON it is an escape: a target is as it was. */
function storable(text: string): string
function storable(text: string | undefined): string | null
function storable(text: string | undefined): string | null {
  if (text === undefined) return null
  const whole = text.toWellFormed()
  return whole.includes('\0') ? whole.replaceAll('\0', '\uFFFD') : whole
}

/** A batch on its way: one commit. */
export interface Batch {
  readonly mutations: readonly PackedMutation[]
  /** 8 random bytes in hexadecimal: they tell the commit from all others. */
  readonly tag: string
  /** Each mutation revokes, and another digest: if the store has none of them, it needs no second look. */
  readonly distinct: boolean
}

/** Makes a batch of mutations. */
export function toBatch(mutations: readonly PackedMutation[]): Batch {
  const digests = new Set(mutations.map(([, digest]) => digest))
  const distinct = digests.size === mutations.length && mutations.every(([revoke]) => revoke)
  return { mutations, tag: randomBytes(8).toString('hex'), distinct }
}

/** The columns of a batch, as the arrays that `apply_v1` takes. */
export function columnsOf({ mutations }: Batch): unknown[] {
  const column = (index: number): PackedMutation[number][] =>
    mutations.map((mutation) => mutation[index] ?? null)
  return [
    numbers(mutations.map(([revoke]) => (revoke ? 't' : 'f'))),
    ...[1, 2, 3, 4, 5, 6].map((index) => numbers(column(index))),
    ...[7, 8, 9, 10].map(column),
  ]
}

/** An array of values that need no quotes: the driver would quote each of them. */
const numbers = (values: readonly PackedMutation[number][]): string =>
  `{${values.map((value) => (value === null ? 'NULL' : String(value))).join()}}`

/**
 * The result of each mutation.
 *
 * @param base The number of the last change before the batch.
 * @param result What `apply_v1` returned; null: each mutation made a new row.
 */
export function toWritten({ mutations }: Batch, base: number, result: string | null): Written[] {
  if (result === null) {
    return mutations.map(([, , expiresAt, , notBefore], i) => ({
      ...{ seq: base + 1 + i, expiresAt, already: false },
      ...(notBefore === null ? {} : { notBefore }),
    }))
  }
  const columns = JSON.parse(result) as [number[], number[], boolean[], number[]]
  const [seqs, expiries, already, starts] = columns
  return mutations.map((_, i) => {
    const notBefore = starts[i] ?? -1
    return {
      ...{ seq: seqs[i] ?? 0, expiresAt: expiries[i] ?? 0, already: already[i] ?? false },
      ...(notBefore < 0 ? {} : { notBefore }),
    }
  })
}

/** Bytes in hexadecimal. */
export const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
