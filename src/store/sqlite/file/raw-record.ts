/** A value of a record that was read without SQLite. */
export type RawValue = number | string | Buffer | null

/** The bytes of the integers of serial types 1 to 6. */
const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8]
/** A leaf page of a table. */
const TABLE_LEAF = 0x0d

/**
 * The only row of a table whose root page is given, by SQLite's file format. The column that is the rowid is
 * null. Undefined if the page is anything else.
 */
export function onlyRecordOf(page: Buffer): readonly RawValue[] | undefined {
  try {
    if (page.readUInt8(0) !== TABLE_LEAF || page.readUInt16BE(3) !== 1) return undefined
    const cell = new Cursor(page, page.readUInt16BE(8))
    cell.varint() // the length of the record
    cell.varint() // the rowid
    return cell.record()
  } catch {
    return undefined // it points outside of the page
  }
}

class Cursor {
  readonly #page: Buffer
  #at: number

  constructor(page: Buffer, at: number) {
    this.#page = page
    this.#at = at
  }

  varint(): number {
    let value = 0
    for (let i = 0; i < 9; i++) {
      const byte = this.#page.readUInt8(this.#at++)
      value = value * 128 + (byte & 0x7f)
      if (byte < 0x80) break
    }
    return value
  }

  record(): RawValue[] {
    const start = this.#at
    const values = start + this.varint()
    const types: number[] = []
    while (this.#at < values) types.push(this.varint())
    return types.map((type) => this.#value(type))
  }

  #value(type: number): RawValue {
    if (type >= 12) return this.#bytesOf(type)
    if (type === 0) return null
    if (type === 8 || type === 9) return type - 8
    const bytes = INTEGER_BYTES[type] ?? Number.NaN
    const at = this.#at
    this.#at += bytes
    return bytes === 8 ? Number(this.#page.readBigInt64BE(at)) : this.#page.readIntBE(at, bytes)
  }

  #bytesOf(type: number): Buffer | string {
    const length = (type - 12) >> 1
    const at = this.#at
    this.#at += length
    if (this.#at > this.#page.length) throw new RangeError('beyond the page')
    const bytes = this.#page.subarray(at, this.#at)
    return type % 2 === 0 ? Buffer.from(bytes) : bytes.toString('utf8')
  }
}
