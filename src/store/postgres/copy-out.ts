import type { PgConnection, PgSubmittable } from './driver.js'

/** Rows that wait before the server is told to wait. */
const HIGH_WATER = 4
/** What stands before the first row: a signature of 11 bytes, flags, and the length of an extension. */
const HEADER_BYTES = 19

/**
 * The rows of a `COPY (…) TO STDOUT (FORMAT binary)`, as they come: no row becomes a JavaScript value that
 * is not needed. The server waits while nobody takes them.
 */
export class CopyOut implements PgSubmittable {
  readonly #sql: string
  readonly #rows: Buffer[][] = []
  #rest: Buffer = Buffer.alloc(0)
  #sawHeader = false
  #connection: PgConnection | undefined
  #over = false
  #error: Error | undefined
  #wake: () => void = () => undefined

  constructor(sql: string) {
    this.#sql = sql
  }

  /** Each row: its columns. Ends when the server has sent all of them. */
  async *rows(): AsyncGenerator<readonly Buffer[], void, void> {
    for (;;) {
      const row = this.#rows.shift()
      if (row !== undefined) {
        if (this.#rows.length < HIGH_WATER) this.#connection?.stream.resume()
        yield row
      } else if (this.#error !== undefined) throw this.#error
      else if (this.#over) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  submit(connection: PgConnection): undefined {
    this.#connection = connection
    connection.query(this.#sql)
  }

  /** Called by the driver, as are all that follow. */
  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    if (!this.#sawHeader && this.#rest.length >= HEADER_BYTES) {
      this.#sawHeader = true
      at = HEADER_BYTES
    }
    while (this.#sawHeader) {
      const next = rowAt(this.#rest, at)
      if (next === undefined) break
      at = next.end
      this.#rows.push(next.columns)
    }
    // A copy: the driver may use its memory again.
    this.#rest = Buffer.from(this.#rest.subarray(at))
    if (this.#rows.length >= HIGH_WATER) this.#connection?.stream.pause()
    this.#wake()
  }

  handleReadyForQuery(): void {
    this.#over = true
    this.#wake()
  }

  handleError(error: Error): void {
    this.#error ??= error
    this.#wake()
  }

  handleRowDescription(): void {
    // A COPY has none.
  }

  handleDataRow(): void {
    // A COPY has none.
  }

  handleCommandComplete(): void {
    // The end is when the server is ready again.
  }

  handleEmptyQuery(): void {
    // It is not empty.
  }
}

/** The row that begins at an offset; undefined while a part of it is missing, and at the trailer. */
function rowAt(bytes: Buffer, start: number): { columns: Buffer[]; end: number } | undefined {
  if (bytes.length < start + 2) return undefined
  const count = bytes.readInt16BE(start)
  const columns: Buffer[] = []
  let at = start + 2
  if (count < 0) return undefined
  for (let i = 0; i < count; i++) {
    if (bytes.length < at + 4) return undefined
    const length = Math.max(0, bytes.readInt32BE(at))
    at += 4
    if (bytes.length < at + length) return undefined
    columns.push(Buffer.from(bytes.subarray(at, at + length)))
    at += length
  }
  return { columns, end: at }
}
