const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/

/** A name in a column: a UUID in lower case is kept as its 16 bytes, in the row and in the index. */
export type KeptText = string | Buffer

/** How a name is kept. Two names are kept alike only if they are equal. */
export const toKept = (text: string): KeptText =>
  text.length === 36 && UUID.test(text) ? Buffer.from(text.replaceAll('-', ''), 'hex') : text

/** The name that is kept so. */
export function fromKept(kept: KeptText): string {
  if (typeof kept === 'string') return kept
  const hex = kept.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
