import type { Committed, Written } from '../../ports/index.js'
import { type Batch, columnsOf, toWritten } from './batch.js'
import type { DurableCalls } from './durable-calls.js'
import type { OpenedStore } from './setup.js'

const COLUMNS = `bytea, $5::bigint, $6::int, $7::bigint, $8::boolean, $9::boolean[], $10::uuid[],
  $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::text[], $17::text[],
  $18::text[], $19::text[]`

/** What one of the functions says of a commit. */
interface Done {
  readonly seq: number
  readonly previous: string
  readonly bits: number
  readonly written: readonly Written[]
}

/** Commits batches of mutations: each is one call of `apply_v1`. */
export class Committer {
  readonly #calls: DurableCalls
  readonly #store: OpenedStore
  readonly #applySql: string
  readonly #outcomeSql: string
  /** The number of the last change of this process. A commit that is looked for comes after it. */
  #lastSeq: number

  constructor(calls: DurableCalls, store: OpenedStore) {
    this.#calls = calls
    this.#store = store
    this.#lastSeq = store.seq
    this.#applySql = `SELECT * FROM ${store.schema}.apply_v1($1::text, $2::text, $3::int, $4::${COLUMNS})`
    this.#outcomeSql = `SELECT * FROM ${store.schema}.outcome_v1($1::bytea, $2::bigint, $3::int)`
  }

  /** The number of the last change that this process committed. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Commits a batch: all mutations or none. When it resolves, they are durable. */
  async commit(batch: Batch): Promise<Committed> {
    const { row, isOutcome } = await this.#calls.commit(
      { sql: this.#applySql, values: this.#valuesOf(batch) },
      () => ({ sql: this.#outcomeSql, values: [`\\x${batch.tag}`, this.#lastSeq, this.#calls.lockMs] }),
    )
    return this.#committed(batch, isOutcome ? ofOutcome(batch, row) : ofAnswer(batch, row))
  }

  #committed({ tag }: Batch, { seq, previous, bits, written }: Done): Committed {
    const changed = written.some((one) => one.seq > 0)
    this.#lastSeq = Math.max(this.#lastSeq, seq)
    const buckets = { bits, tag: new Uint8Array(Buffer.from(tag, 'hex')) }
    return { epoch: changed ? tag : previous, previous, written, buckets }
  }

  #valuesOf(batch: Batch): unknown[] {
    const { id, namespace, namespaceId, ownToleranceSeconds } = this.#store
    const { notAfter, lockMs } = this.#calls
    return [
      ...[id, namespace, namespaceId, `\\x${batch.tag}`, notAfter, lockMs, ownToleranceSeconds],
      ...[batch.distinct, ...columnsOf(batch)],
    ]
  }
}

type Row = readonly (string | null)[]

function ofAnswer(batch: Batch, [seq, previous, bits, , result]: Row): Done {
  const written = toWritten(batch, Number(seq) - batch.mutations.length, result ?? null)
  return { seq: Number(seq), previous: previous ?? '', bits: Number(bits), written }
}

function ofOutcome(batch: Batch, [seq, base, previous, bits, result]: Row): Done {
  const written = toWritten(batch, Number(base), result ?? null)
  return { seq: Number(seq), previous: previous ?? '', bits: Number(bits), written }
}
