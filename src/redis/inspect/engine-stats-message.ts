/**
 * What an engine answers to those who watch, as far as they look at it: `stats()` of the engine, and its name.
 *
 * The answers come from a channel that anybody on the server may write to, and from engines of other versions. So they are looked at
 * before they are believed to be what they should.
 */
export type EngineFigures = Of<typeof FIGURES>

type Guard<T> = (value: unknown) => value is T
type Shape = Guard<unknown> | { readonly [name: string]: Shape }
type Of<S> = S extends Guard<infer T> ? T : { readonly [K in keyof S]: Of<S[K]> }

const MOST_CHARACTERS = 256

const number = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
const flag = (value: unknown): value is boolean => typeof value === 'boolean'
const text = (value: unknown): value is string => typeof value === 'string' && value.length <= MOST_CHARACTERS
const orNull =
  <T>(guard: Guard<T>) =>
  (value: unknown): value is T | null =>
    value === null || guard(value)

const FIGURES = {
  engine: text,
  prefilter: {
    kind: text,
    entries: number,
    bytes: number,
    expectedFalsePositiveRate: orNull(number),
    measuredFalsePositiveRate: orNull(number),
  },
  decided: { prefilter: number, cache: number, redis: number, store: number, policy: number },
  lease: { live: flag, ageMs: orNull(number), maxStalenessMs: number },
  store: { seq: number },
  redis: {
    state: text,
    breaker: text,
    why: orNull(text),
    queued: number,
    complete: flag,
    buckets: number,
    verified: number,
    roundTripMs: orNull(number),
  },
} as const

/** The figures in a message, with whatever else there is in it; undefined for what is no answer of an engine. */
export function readFigures(message: string): EngineFigures | undefined {
  let value: unknown
  try {
    value = JSON.parse(message)
  } catch {
    return undefined
  }
  return fits(value, FIGURES) ? value : undefined
}

function fits<S extends Shape>(value: unknown, shape: S): value is Of<S> {
  if (typeof shape === 'function') return shape(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(shape).every(([name, part]: [string, Shape]) => fits(Reflect.get(value, name), part))
}
