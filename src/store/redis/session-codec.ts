import type { SessionCommit, SessionCondition, SessionRow, StoredSession } from '../../ports/index.js'
import { readTime, timeBytes, withLength } from './row-codec.js'

// A row: version (7 bytes), when it was made and when it may go (7 each), the lengths of sid, client and sub
// (2 each), these texts, the state. Numbers are big-endian. The scripts know this layout as well.

const LENGTHS_AT = 21
const TEXTS_AT = 27

/** What a condition is about. */
const FAMILY = 0
const DIGEST = 1
const SUB = 2
const SID = 3

/**
 * A commit of refresh tokens, but for its mutations: they are among those of the batch. The minute and the
 * salt, before which minute salts are dropped, then the conditions and the rows, each with its number.
 */
export function encodeCommit({ conditions, put, salt }: SessionCommit, dropBefore: number): Buffer {
  return Buffer.concat([
    ...[timeBytes(salt?.minute ?? 0), withLength(salt?.salt ?? NOTHING), timeBytes(dropBefore)],
    ...[uint(conditions.length), ...conditions.flatMap(encodeCondition)],
    ...[uint(put.length), ...put.map((row) => withLength(encodeRow(row)))],
  ])
}

/** A commit in its place. */
export const placed = (commit: Buffer, at: number, mutations: number): Buffer =>
  Buffer.concat([uint(at), uint(mutations), commit])

function encodeCondition(condition: SessionCondition): Buffer[] {
  if ('family' in condition) return encoded(FAMILY, condition.family, condition.version)
  if ('digest' in condition) return encoded(DIGEST, condition.digest, condition.seq)
  const { group, rows, newest } = condition
  return 'sub' in group
    ? encoded(SUB, Buffer.from(group.sub), rows, newest)
    : encoded(SID, Buffer.from(group.sid), rows, newest)
}

const encoded = (kind: number, key: Uint8Array, value: number, newest = 0): Buffer[] => [
  ...[Buffer.of(kind), withLength(key), timeBytes(value), timeBytes(newest)],
]

/** The family, and the row without its version. */
function encodeRow({ family, sid, clientId, sub, createdAt, purgeAt, state }: SessionRow): Buffer {
  const texts = [sid, clientId, sub].map((text) => Buffer.from(text))
  const lengths = Buffer.alloc(6)
  for (const [i, { length }] of texts.entries()) lengths.writeUInt16BE(length, i * 2)
  return Buffer.concat([family, timeBytes(createdAt), timeBytes(purgeAt), lengths, ...texts, state])
}

/** Reads a row. */
export function toSession(family: Uint8Array, row: Buffer): StoredSession {
  let at = TEXTS_AT
  const text = (index: number): string =>
    row.toString('utf8', at, (at += row.readUInt16BE(LENGTHS_AT + index * 2)))
  const [sid, clientId, sub] = [text(0), text(1), text(2)]
  return {
    ...{ family: Uint8Array.from(family), version: readTime(row, 0), sid, clientId, sub },
    ...{ createdAt: readTime(row, 7), purgeAt: readTime(row, 14), state: Uint8Array.from(row.subarray(at)) },
  }
}

const NOTHING = new Uint8Array(0)

function uint(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(value)
  return bytes
}
