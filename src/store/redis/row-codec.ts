import { RevocadeError } from '../../errors.js'
import type { BucketEntry, Change, Mutation, StoredRow } from '../../ports/index.js'
import { targetFromJson, targetToJson } from '../format/target.js'
import { toStoredTime } from '../format/times.js'

// A row: digest (16 bytes), number of the namespace (2), flags (1), expiry (7), time of the revocation (7);
// then as the flags say: start, issuedBefore, issuedThrough (7 each), reason, actor (a length in 4 bytes, and
// the text); at last the target as JSON. Numbers are big-endian. The scripts know this layout as well.

const REVOKED = 1
const SELECTOR = 2
const START = 4
const BEFORE = 8
const THROUGH = 16
const REASON = 32
const ACTOR = 64

const FLAGS_AT = 18
const EXPIRES_AT = 19
const REVOKED_AT = 26
const DETAILS_AT = 33
const TIME_BYTES = 7
const LENGTH_BYTES = 4

/**
 * A mutation as the row that it makes, if there is none yet. One that is not revoked takes a revocation back.
 *
 * @throws {RevocadeError} ERR_INVALID_TIME or ERR_CONFIG when it can't be stored
 */
export function encodeMutation(mutation: Mutation, namespace: number): Buffer {
  if (mutation.digest.length !== 16)
    throw new RevocadeError('ERR_CONFIG', `a digest has 16 bytes, not ${mutation.digest.length}`)
  const revokedAt = toStoredTime(mutation.revokedAt, 'revokedAt')
  if (mutation.op === 'unrevoke')
    return start(mutation.digest, namespace, { flags: 0, expiresAt: 0, revokedAt })
  const { target, notBefore, issuedBefore, issuedThrough, reason, actor } = mutation
  const flags =
    REVOKED |
    (target.kind === 'selector' ? SELECTOR : 0) |
    (notBefore === undefined ? 0 : START) |
    (issuedBefore === undefined ? 0 : BEFORE) |
    (issuedThrough === undefined ? 0 : THROUGH) |
    (reason === undefined ? 0 : REASON) |
    (actor === undefined ? 0 : ACTOR)
  const expiresAt = toStoredTime(mutation.expiresAt, 'expiresAt')
  const beginning = start(mutation.digest, namespace, { flags, expiresAt, revokedAt })
  const json = Buffer.from(targetToJson(target))
  // Nearly all revocations have no more.
  if ((flags & ~(REVOKED | SELECTOR)) === 0) return Buffer.concat([beginning, json])
  const times = { notBefore, issuedBefore, issuedThrough }
  const given = Object.entries(times).flatMap(([name, time]) =>
    time === undefined ? [] : [timeBytes(toStoredTime(time, name))],
  )
  const texts = [reason, actor].flatMap((text) => (text === undefined ? [] : [withLength(Buffer.from(text))]))
  return Buffer.concat([beginning, ...given, ...texts, json])
}

interface Start {
  readonly flags: number
  readonly expiresAt: number
  readonly revokedAt: number
}

function start(digest: Uint8Array, namespace: number, { flags, expiresAt, revokedAt }: Start): Buffer {
  const bytes = Buffer.allocUnsafe(DETAILS_AT)
  bytes.set(digest)
  bytes.writeUInt16BE(namespace, 16)
  bytes.writeUInt8(flags, FLAGS_AT)
  writeTime(bytes, expiresAt, EXPIRES_AT)
  writeTime(bytes, revokedAt, REVOKED_AT)
  return bytes
}

/** Bytes after their length. */
export const withLength = (bytes: Uint8Array): Buffer => joined([bytes])

/** Rows in turn, each after its length. */
export function joined(rows: readonly Uint8Array[]): Buffer {
  const all = Buffer.allocUnsafe(rows.reduce((sum, { length }) => sum + LENGTH_BYTES + length, 0))
  let at = 0
  for (const row of rows) {
    at = all.writeUInt32BE(row.length, at)
    all.set(row, at)
    at += row.length
  }
  return all
}

/** A row as a script returned it, perhaps only the beginning of it. */
export interface NumberedRow {
  readonly seq: number
  readonly bytes: Buffer
}

/** Reads rows with their numbers and lengths. */
export function* splitRows(packed: Buffer): Generator<NumberedRow, void, void> {
  for (let at = 0; at < packed.length;) {
    const seq = readTime(packed, at)
    const from = at + TIME_BYTES + LENGTH_BYTES
    at = from + packed.readUInt32BE(at + TIME_BYTES)
    yield { seq, bytes: packed.subarray(from, at) }
  }
}

/** A time or a number of 7 bytes. */
export const readTime = (bytes: Buffer, at: number): number =>
  bytes.readUInt8(at) * 2 ** 48 + bytes.readUIntBE(at + 1, 6)

function writeTime(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt8(Math.floor(value / 2 ** 48), at)
  bytes.writeUIntBE(value % 2 ** 48, at + 1, 6)
}

/** The reverse of {@link readTime}. */
export function timeBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(TIME_BYTES)
  writeTime(bytes, value, 0)
  return bytes
}

/**
 * Reads a whole row.
 *
 * @throws {RevocadeError} ERR_STORE_CORRUPT when it is damaged
 */
export function toStoredRow({ seq, bytes }: NumberedRow): StoredRow {
  const { times, at: from } = timesOf(bytes)
  const flags = bytes.readUInt8(FLAGS_AT)
  let at = from
  const text = (flag: number): string | undefined => {
    if ((flags & flag) === 0) return undefined
    const end = at + LENGTH_BYTES + bytes.readUInt32BE(at)
    const words = bytes.toString('utf8', at + LENGTH_BYTES, end)
    at = end
    return words
  }
  const reason = text(REASON)
  const actor = text(ACTOR)
  return {
    seq,
    target: targetFromJson(bytes.toString('utf8', at)),
    revoked: (flags & REVOKED) !== 0,
    expiresAt: readTime(bytes, EXPIRES_AT),
    revokedAt: readTime(bytes, REVOKED_AT),
    ...times,
    ...(reason === undefined ? {} : { reason }),
    ...(actor === undefined ? {} : { actor }),
  }
}

/** Reads the times that a row may lack, and where they end. */
function timesOf(bytes: Buffer) {
  const flags = bytes.readUInt8(FLAGS_AT)
  let at = DETAILS_AT
  const next = (flag: number): number | undefined => {
    if ((flags & flag) === 0) return undefined
    at += TIME_BYTES
    return readTime(bytes, at - TIME_BYTES)
  }
  const [notBefore, issuedBefore, issuedThrough] = [next(START), next(BEFORE), next(THROUGH)]
  const times = {
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(issuedBefore === undefined ? {} : { issuedBefore }),
    ...(issuedThrough === undefined ? {} : { issuedThrough }),
  }
  return { times, at }
}

/** Reads a change: of a selector the row is whole, of a single token it ends with the expiry. */
export function toChange(row: NumberedRow): Change {
  const { seq, bytes } = row
  const flags = bytes.readUInt8(FLAGS_AT)
  const digest = new Int32Array(4)
  Buffer.from(digest.buffer).set(bytes.subarray(0, 16))
  return {
    digest,
    seq,
    revoked: (flags & REVOKED) !== 0,
    expiresAt: readTime(bytes, EXPIRES_AT),
    ...((flags & SELECTOR) === 0 ? {} : { selector: selectorNamesOf(row) }),
  }
}

/** The sorted claim names of a selector, whose row is whole. */
export function selectorNamesOf(row: NumberedRow): readonly string[] {
  const { target } = toStoredRow(row)
  return target.kind === 'selector' ? Object.keys(target.where).sort() : []
}

/** Reads the entry of a bucket: one that starts later revokes nothing by itself. */
export function toBucketEntry({ bytes }: NumberedRow): BucketEntry {
  const { notBefore, issuedThrough } = timesOf(bytes).times
  return {
    digest: new Uint8Array(bytes.subarray(0, 16)),
    revoked: (bytes.readUInt8(FLAGS_AT) & REVOKED) !== 0,
    expiresAt: notBefore === undefined ? readTime(bytes, EXPIRES_AT) : 0,
    ...(issuedThrough === undefined ? {} : { issuedThrough }),
  }
}

/** What the sender of a batch needs of a mutation that became a new row. */
export function timesOfMutation(bytes: Buffer): { readonly expiresAt: number; readonly notBefore?: number } {
  const { notBefore } = timesOf(bytes).times
  return {
    expiresAt: readTime(bytes, EXPIRES_AT),
    ...(notBefore === undefined ? {} : { notBefore }),
  }
}
