/** Deeper objects are not copied. */
const MAX_DEPTH = 32

/**
 * A copy of plain data in which nothing can be changed.
 *
 * @returns undefined for anything else but what JSON can hold: an instance of a class, a function, a cycle
 */
export function frozenCopy<T>(value: T): T | undefined {
  try {
    return copy(value, 0) as T
  } catch {
    return undefined
  }
}

function copy(value: unknown, depth: number): unknown {
  if (typeof value === 'function' || depth > MAX_DEPTH) throw new TypeError('no plain data')
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Object.freeze(value.map((one) => copy(one, depth + 1)))
  const prototype: unknown = Object.getPrototypeOf(value)
  // The prototype of another realm's Object has none itself.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw new TypeError('no plain data')
  return Object.freeze(
    Object.fromEntries(Object.entries(value).map(([name, one]) => [name, copy(one, depth + 1)])),
  )
}
