/**
 * What an engine answers to a monitor: its name, and the part of its `stats()` that monitors read.
 *
 * Anybody on the server can write to the channel, and engines of other versions do. So each answer is checked
 * against this shape.
 */
export type EngineStats = Of<typeof ENGINE_STATS>

type Guard<T> = (value: unknown) => value is T
type Shape = Guard<unknown> | { readonly [name: string]: Shape }
type Of<S> = S extends Guard<infer T> ? T : { readonly [K in keyof S]: Of<S[K]> }

const MAX_TEXT_CHARACTERS = 256

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_TEXT_CHARACTERS
const orNull =
  <T>(guard: Guard<T>) =>
  (value: unknown): value is T | null =>
    value === null || guard(value)

const ENGINE_STATS = {
  engine: isText,
  prefilter: {
    kind: isText,
    entries: isCount,
    bytes: isCount,
    expectedFalsePositiveRate: orNull(isCount),
    measuredFalsePositiveRate: orNull(isCount),
  },
  decided: { prefilter: isCount, cache: isCount, redis: isCount, store: isCount, policy: isCount },
  lease: { live: isBoolean, ageMs: orNull(isCount), maxStalenessMs: isCount },
  store: { seq: isCount },
  redis: {
    state: isText,
    breaker: isText,
    why: orNull(isText),
    queued: isCount,
    complete: isBoolean,
    buckets: isCount,
    verified: isCount,
    roundTripMs: orNull(isCount),
  },
} as const

/** Parses an answer, which may have other properties as well; undefined if it does not fit. */
export function readEngineStats(message: string): EngineStats | undefined {
  let value: unknown
  try {
    value = JSON.parse(message)
  } catch {
    return undefined
  }
  return fits(value, ENGINE_STATS) ? value : undefined
}

function fits<S extends Shape>(value: unknown, shape: S): value is Of<S> {
  if (typeof shape === 'function') return shape(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(shape).every(([name, part]: [string, Shape]) => fits(Reflect.get(value, name), part))
}
