import type { SessionCommit, SessionCondition, SessionRow, SessionSalt } from '../../../ports/index.js'
import { ByteReader, ByteWriter } from './byte-writer.js'

const INITIAL_BYTES = 16 * 1024

/** What a condition is about. */
const FAMILY = 0
const SUB = 1
const SID = 2
const DIGEST = 3

/** A commit of refresh tokens, but for its mutations: they travel among those of the batch. */
export interface PackedCommit extends Omit<SessionCommit, 'mutations' | 'salt'> {
  /** Mutations of the batch that come before its own. */
  readonly at: number
  /** Mutations of its own. */
  readonly mutations: number
  readonly salt?: SessionSalt | undefined
  /** Salts of earlier minutes than this are deleted. */
  readonly dropBefore: number
}

/** Fills one buffer with the commits of a batch: see `mutation-codec.ts` for why. */
export class SessionPacker {
  /** Commits in the buffer. */
  count = 0
  readonly #writer = new ByteWriter(INITIAL_BYTES)

  push({ at, mutations, conditions, put, salt, dropBefore }: PackedCommit): void {
    const writer = this.#writer
    writer.uint(at)
    writer.uint(mutations)
    writer.float(dropBefore)
    writer.uint(conditions.length)
    for (const condition of conditions) writeCondition(writer, condition)
    writer.uint(put.length)
    for (const row of put) writeRow(writer, row)
    writer.uint(salt === undefined ? 0 : 1)
    if (salt !== undefined) {
      writer.float(salt.minute)
      writer.bytes(salt.salt)
    }
    this.count++
  }

  /** Hands out the memory for transfer. The packer can't be used afterwards. */
  release(): ArrayBuffer {
    return this.#writer.release()
  }
}

function writeCondition(writer: ByteWriter, condition: SessionCondition): void {
  if ('family' in condition) {
    writer.uint(FAMILY)
    writer.bytes(condition.family)
    writer.float(condition.version)
  } else if ('digest' in condition) {
    writer.uint(DIGEST)
    writer.bytes(condition.digest)
    writer.float(condition.seq)
  } else {
    const { group, rows, newest } = condition
    writer.uint('sub' in group ? SUB : SID)
    writer.text('sub' in group ? group.sub : group.sid)
    writer.float(rows)
    writer.float(newest)
  }
}

function writeRow(writer: ByteWriter, row: SessionRow): void {
  writer.bytes(row.family)
  writer.text(row.sid)
  writer.text(row.clientId)
  writer.text(row.sub)
  writer.float(row.createdAt)
  writer.float(row.purgeAt)
  writer.bytes(row.state)
}

/** Reads the commits of a batch in order. Bytes are views of the buffer. */
export function* unpackCommits(memory: ArrayBuffer, count: number): Generator<PackedCommit, void, void> {
  const reader = new ByteReader(memory)
  for (let i = 0; i < count; i++) {
    const [at, mutations, dropBefore] = [reader.uint(), reader.uint(), reader.float()]
    const conditions = times(reader.uint(), () => readCondition(reader))
    const put = times(reader.uint(), () => readRow(reader))
    const salt = reader.uint() === 0 ? undefined : { minute: reader.float(), salt: reader.bytes() }
    yield { at, mutations, dropBefore, conditions, put, salt }
  }
}

function readCondition(reader: ByteReader): SessionCondition {
  const kind = reader.uint()
  if (kind === FAMILY) return { family: reader.bytes(), version: reader.float() }
  if (kind === DIGEST) return { digest: reader.bytes(), seq: reader.float() }
  const name = reader.text()
  const group = kind === SUB ? { sub: name } : { sid: name }
  return { group, rows: reader.float(), newest: reader.float() }
}

const readRow = (reader: ByteReader): SessionRow => ({
  family: reader.bytes(),
  sid: reader.text(),
  clientId: reader.text(),
  sub: reader.text(),
  createdAt: reader.float(),
  purgeAt: reader.float(),
  state: reader.bytes(),
})

const times = <T>(count: number, read: () => T): T[] => Array.from({ length: count }, read)
