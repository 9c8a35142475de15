/** Splits values into arrays of `size`; the last one may be shorter. */
export function* chunks<T>(values: Iterable<T>, size: number): Generator<T[], void, void> {
  let chunk: T[] = []
  for (const value of values) {
    chunk.push(value)
    if (chunk.length < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}

/** 0 … count − 1. */
export function* range(count: number): Generator<number, void, void> {
  for (let i = 0; i < count; i++) yield i
}
