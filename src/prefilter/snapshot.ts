/**
 * A prefilter as bytes. With them a process need not read the whole store when it starts.
 *
 * Little-endian throughout. `f64` is an IEEE double; a count written as f64 is a whole number up to 2^53.
 *
 * | offset | size | |
 * | --- | --- | --- |
 * | 0 | 8 | magic: 89 52 56 43 4C 30 0D 0A (`.RVCL0` and a line end that text transfer would damage) |
 * | 8 | 2 | format version, u16: 1 |
 * | 10 | 2 | kind, u16: 1 bloom, 2 trie, 3 exact, 4 bloom-filters, 5 none, 6 fuse |
 * | 12 | 4 | M, u32: bytes of meta |
 * | 16 | 8 | B, f64: bytes of the body |
 * | 24 | M | meta: the caller's |
 * | 24 + M | B | body: the tables, below |
 * | 24 + M + B | 32 | SHA-256 of all before it |
 *
 * Bodies:
 * - **bloom**: target rate f64; generations f64; for each, oldest first: capacity f64, entries f64, blocks
 *   u32, probes u32; then the tables in the same order, 16 u32 words a block. Which bits a digest sets: see
 *   `BloomTable`.
 * - **trie**: prefix bits f64; capacity f64; for each of 2^min(16, prefix bits − 8) buckets u32: the index,
 *   within its page of 128 buckets, of the element after its leaf; the leaves, page after page, elements
 *   big-endian (so they sort as bytes) in 1, 2 or 3 bytes for up to 8, 16 or 24 remaining bits; surplus f64,
 *   always 0. Earlier versions repeated a prefix up to three times in its leaf, and wrote for each of
 *   `surplus` prefixes: prefix f64, further adds f64. Readers skip both.
 * - **exact**: capacity f64; entries f64; the digests, 16 bytes each, in no order.
 * - **bloom-filters**: JSON in UTF-8, `{ rate, generations: [{ capacity, entries, filter }] }`, `filter` as
 *   the library's `saveAsJSON` gives it.
 * - **none**: empty.
 * - **fuse**: bits of a fingerprint f64: 8 or 16; entries of the base f64; unless that is 0: segment length
 *   u32, segments in which a first cell may be u32, seed u32, and the cells, u8 or u16 each, of two more
 *   segments than that; then the delta: a body of **bloom**. Which cells and which fingerprint a digest has:
 *   see `binary-fuse.ts`.
 */
import { createHash } from 'node:crypto'
import type { Prefilter } from '../ports/index.js'
import { PREFILTER_TYPES } from './create.js'
import { SnapshotError } from './snapshot-error.js'

export { SnapshotError, type SnapshotFault } from './snapshot-error.js'

const MAGIC = Buffer.from([0x89, 0x52, 0x56, 0x43, 0x4c, 0x30, 0x0d, 0x0a])
const VERSION = 1
const HEADER_BYTES = 24
const CHECKSUM_BYTES = 32

/** Copying and hashing one piece takes a quarter of a millisecond. */
const PIECE_BYTES = 256 * 1024

/** A decoded snapshot. */
export interface Snapshot {
  readonly prefilter: Prefilter
  /** The caller's bytes: a view of what was decoded, not a copy. */
  readonly meta: Uint8Array
}

/**
 * Writes a prefilter and the caller's `meta` (up to 4 GiB) as one checksummed run of bytes, in pieces of at
 * most 256 KiB, so that the caller can do other work between pieces. Each piece is valid until the next is
 * taken: they share their memory. Entries that are added meanwhile may be in the later pieces.
 */
export function snapshotPieces(prefilter: Prefilter, meta: Uint8Array): Generator<Uint8Array, void, void> {
  const body = prefilter.encode()
  const bodyBytes = body.reduce((sum, { length }) => sum + length, 0)
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header)
  header.writeUInt16LE(VERSION, 8)
  header.writeUInt16LE(PREFILTER_TYPES[prefilter.kind].snapshotCode, 10)
  header.writeUInt32LE(meta.length, 12)
  header.writeDoubleLE(bodyBytes, 16)
  return withChecksum([header, meta, ...body])
}

/** Copies each piece before it is hashed: a filter in use may change between hashing and writing. */
function* withChecksum(parts: readonly Uint8Array[]): Generator<Uint8Array, void, void> {
  const hash = createHash('sha256')
  const buffer = new Uint8Array(PIECE_BYTES)
  for (const part of parts) {
    for (let start = 0; start < part.length; start += PIECE_BYTES) {
      const bytes = part.subarray(start, start + PIECE_BYTES)
      buffer.set(bytes)
      const piece = buffer.subarray(0, bytes.length)
      hash.update(piece)
      yield piece
    }
  }
  yield hash.digest()
}

/** All of {@link snapshotPieces} at once. */
export function encodeSnapshot(prefilter: Prefilter, meta: Uint8Array): Uint8Array {
  return Buffer.concat(Array.from(snapshotPieces(prefilter, meta), (piece) => piece.slice()))
}

/**
 * Reads a snapshot. The filter answers as the written one did, and can grow on.
 *
 * @throws {SnapshotError} when the bytes are anything but what {@link encodeSnapshot} wrote
 */
export async function decodeSnapshot(bytes: Uint8Array): Promise<Snapshot> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  checkHeader(buffer)
  const metaEnd = HEADER_BYTES + buffer.readUInt32LE(12)
  const bodyEnd = metaEnd + buffer.readDoubleLE(16)
  // The length field may hold any double, NaN and infinity included: only the right one passes both checks.
  if (!(bodyEnd >= metaEnd && bodyEnd + CHECKSUM_BYTES <= buffer.length)) {
    throw new SnapshotError('truncated', `${buffer.length} bytes, fewer than its length fields say`)
  }
  if (bodyEnd + CHECKSUM_BYTES !== buffer.length) {
    throw new SnapshotError('length', `${buffer.length} bytes, more than its length fields say`)
  }
  const checksum = createHash('sha256').update(buffer.subarray(0, bodyEnd)).digest()
  if (!checksum.equals(buffer.subarray(bodyEnd))) {
    throw new SnapshotError('checksum', 'its checksum is wrong')
  }
  const code = buffer.readUInt16LE(10)
  const type = Object.values(PREFILTER_TYPES).find(({ snapshotCode }) => snapshotCode === code)
  if (type === undefined) throw new SnapshotError('kind', `kind ${code} is unknown to this build`)
  const prefilter = await type.decode(buffer.subarray(metaEnd, bodyEnd))
  return { prefilter, meta: bytes.subarray(HEADER_BYTES, metaEnd) }
}

/** Checks magic, size and version: all fields of the header can be read then. */
function checkHeader(buffer: Buffer): void {
  const magic = buffer.subarray(0, MAGIC.length)
  if (!MAGIC.subarray(0, magic.length).equals(magic)) {
    throw new SnapshotError('magic', 'not a prefilter snapshot')
  }
  if (buffer.length < HEADER_BYTES + CHECKSUM_BYTES) {
    throw new SnapshotError('truncated', `only ${buffer.length} bytes`)
  }
  const version = buffer.readUInt16LE(8)
  if (version === VERSION) return
  throw new SnapshotError('version', `format version ${version}; this build reads version ${VERSION}`)
}
