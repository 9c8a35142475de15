/**
 * A prefilter as bytes, so that a process need not read the whole store when it starts.
 *
 * Little-endian throughout. `f64` is an IEEE double; a count written as f64 is a whole number up to 2^53.
 *
 * | offset | size | |
 * | --- | --- | --- |
 * | 0 | 8 | magic: 89 52 56 43 4C 30 0D 0A (`.RVCL0` and a line end that text transfer would damage) |
 * | 8 | 2 | format version, u16: 1 |
 * | 10 | 2 | kind, u16: 1 bloom, 2 trie, 3 exact, 4 bloom-filters, 5 none |
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
 *   and for each: prefix f64, adds beyond those in the leaf f64.
 * - **exact**: capacity f64; entries f64; the digests, 16 bytes each, in no order.
 * - **bloom-filters**: JSON in UTF-8, `{ rate, generations: [{ capacity, entries, filter }] }`, `filter` as
 *   the library's `saveAsJSON` gives it.
 * - **none**: empty.
 */
import { createHash } from 'node:crypto'
import type { Prefilter, PrefilterKind } from '../ports/index.js'
import { BloomPrefilter } from './bloom.js'
import { BloomFiltersPrefilter } from './bloom-filters.js'
import { ExactPrefilter } from './exact.js'
import { NoPrefilter } from './none.js'
import { SnapshotError } from './snapshot-error.js'
import { TriePrefilter } from './trie.js'

export { SnapshotError, type SnapshotFault } from './snapshot-error.js'

const MAGIC = Buffer.from([0x89, 0x52, 0x56, 0x43, 0x4c, 0x30, 0x0d, 0x0a])
const VERSION = 1
const HEADER = 24
const CHECKSUM = 32

const KIND_CODES: Readonly<Record<PrefilterKind, number>> = {
  bloom: 1,
  trie: 2,
  exact: 3,
  'bloom-filters': 4,
  none: 5,
}

/** A decoded snapshot. */
export interface Snapshot {
  readonly prefilter: Prefilter
  /** A view of the bytes that were decoded, not a copy. */
  readonly meta: Uint8Array
}

/** So much is copied and hashed at a time: a quarter of a millisecond. */
const PIECE = 256 * 1024

/**
 * A prefilter and what the caller must know of it (`meta`, up to 4 GiB) as one checksummed run of bytes, a piece of at most 256 KiB at a time,
 * so that whoever writes a large one can do something else in between. A piece is to be used before the next is asked for: its memory is.
 * What is added to the filter meanwhile may be in the later ones.
 */
export function snapshotPieces(prefilter: Prefilter, meta: Uint8Array): Generator<Uint8Array, void, void> {
  const body = prefilter.encode()
  const header = Buffer.alloc(HEADER)
  MAGIC.copy(header)
  header.writeUInt16LE(VERSION, 8)
  header.writeUInt16LE(KIND_CODES[prefilter.kind], 10)
  header.writeUInt32LE(meta.length, 12)
  header.writeDoubleLE(
    body.reduce((sum, { length }) => sum + length, 0),
    16,
  )
  return withChecksum([header, meta, ...body])
}

/** Copied piece by piece, for what is hashed must be what is written, and a filter in use may change between the two. */
function* withChecksum(parts: readonly Uint8Array[]): Generator<Uint8Array, void, void> {
  const hash = createHash('sha256')
  const buffer = new Uint8Array(PIECE)
  for (const part of parts) {
    for (let start = 0; start < part.length; start += PIECE) {
      const bytes = part.subarray(start, start + PIECE)
      buffer.set(bytes)
      const piece = buffer.subarray(0, bytes.length)
      hash.update(piece)
      yield piece
    }
  }
  yield hash.digest()
}

/** {@link snapshotPieces}, all at once. */
export function encodeSnapshot(prefilter: Prefilter, meta: Uint8Array): Uint8Array {
  return Buffer.concat(Array.from(snapshotPieces(prefilter, meta), (piece) => piece.slice()))
}

/**
 * Reads a snapshot. The filter answers as the encoded one did, and can grow on. Rejects with a
 * {@link SnapshotError} for anything but exactly what {@link encodeSnapshot} wrote.
 */
export async function decodeSnapshot(bytes: Uint8Array): Promise<Snapshot> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const known = buffer.subarray(0, MAGIC.length)
  if (!MAGIC.subarray(0, known.length).equals(known))
    throw new SnapshotError('magic', 'not a prefilter snapshot')
  if (buffer.length < HEADER + CHECKSUM) throw new SnapshotError('truncated', `only ${buffer.length} bytes`)
  const version = buffer.readUInt16LE(8)
  if (version !== VERSION)
    throw new SnapshotError('version', `format version ${version}; this build reads ${VERSION}`)
  const metaEnd = HEADER + buffer.readUInt32LE(12)
  const bodyEnd = metaEnd + buffer.readDoubleLE(16)
  // Any number may stand there, NaN and infinity included: only the right one passes both.
  if (!(bodyEnd >= metaEnd && bodyEnd + CHECKSUM <= buffer.length)) {
    throw new SnapshotError('truncated', `${buffer.length} bytes, fewer than its lengths say`)
  }
  if (bodyEnd + CHECKSUM !== buffer.length) {
    throw new SnapshotError('length', `${buffer.length} bytes, more than its lengths say`)
  }
  const checksum = createHash('sha256').update(buffer.subarray(0, bodyEnd)).digest()
  if (!checksum.equals(buffer.subarray(bodyEnd)))
    throw new SnapshotError('checksum', 'its checksum does not fit')
  const prefilter = await decodeBody(buffer.readUInt16LE(10), buffer.subarray(metaEnd, bodyEnd))
  return { prefilter, meta: bytes.subarray(HEADER, metaEnd) }
}

async function decodeBody(code: number, body: Uint8Array): Promise<Prefilter> {
  switch (code) {
    case KIND_CODES.bloom:
      return BloomPrefilter.decode(body)
    case KIND_CODES.trie:
      return TriePrefilter.decode(body)
    case KIND_CODES.exact:
      return ExactPrefilter.decode(body)
    case KIND_CODES['bloom-filters']:
      return BloomFiltersPrefilter.decode(body)
    case KIND_CODES.none:
      if (body.length > 0) throw new SnapshotError('body', `${body.length} bytes for a filter without tables`)
      return new NoPrefilter()
    default:
      throw new SnapshotError('kind', `of a kind (${code}) that this build does not know`)
  }
}
