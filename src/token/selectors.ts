import { RevocadeError } from '../errors.js'
import type { Target } from '../ports/index.js'
import { checkName, describeType } from './claim-values.js'
import type { Midstate } from './digester.js'
import type { Claims } from './jwt.js'

/** The names of the claims that a selector combines, sorted. */
export interface SelectorShape {
  readonly names: readonly string[]
}

/** A shape with the hash state after its prefix. */
export interface PreparedShape extends SelectorShape {
  readonly midstate: Midstate
}

/** Selectors of one shape that a token may match through claims that are arrays. */
const MAX_COMBINATIONS = 64

/**
 * The names of a shape, sorted by UTF-16 code units.
 *
 * @throws {RevocadeError} ERR_CONFIG when there is none, or one is unusable or repeated
 */
export function sortedNames(names: readonly string[]): readonly string[] {
  const given: unknown = names
  if (!Array.isArray(given) || names.length === 0) {
    throw new RevocadeError('ERR_CONFIG', 'a selector needs at least one claim name, such as ["sub"]')
  }
  for (const name of names) checkName(name, 'a claim name of a selector')
  if (new Set(names).size !== names.length) {
    throw new RevocadeError('ERR_CONFIG', `a selector names a claim twice: ${names.join(', ')}`)
  }
  return Object.freeze([...names].sort())
}

/**
 * The values of the `index`-th selector that a token matches. A claim that is an array stands for each of its
 * elements, and several such claims for each combination.
 *
 * @returns undefined when there are no more, or a claim is absent
 * @throws {RevocadeError} ERR_INVALID_TOKEN when there are more than 64
 */
export function combination(names: readonly string[], claims: Claims, index: number): unknown[] | undefined {
  let count = 1
  let rest = index
  const values: unknown[] = []
  for (const name of names) {
    const value = claims[name]
    if (value === undefined) return undefined
    if (!Array.isArray(value)) {
      values.push(value)
      continue
    }
    count *= value.length
    values.push(value[rest % value.length])
    rest = Math.floor(rest / value.length)
  }
  if (count > MAX_COMBINATIONS) {
    throw new RevocadeError(
      'ERR_INVALID_TOKEN',
      `claims ${names.join(', ')} are arrays with ${count} combinations of values: ` +
        `at most ${MAX_COMBINATIONS} can be checked`,
    )
  }
  return index < count ? values : undefined
}

/**
 * The target of a selector as a caller writes it, `{ sub: 'u1', client_id: 'app' }`. The values are strings
 * and numbers; whether they can be encoded is checked later.
 *
 * @throws {RevocadeError} ERR_CONFIG when it is not an object or has no usable names, ERR_INVALID_TOKEN when
 *   a value is neither a string nor a number
 */
export function selectorFrom(where: unknown): Extract<Target, { kind: 'selector' }> {
  if (typeof where !== 'object' || where === null || Array.isArray(where)) {
    const given = describeType(where)
    throw new RevocadeError(
      'ERR_CONFIG',
      `a selector is an object such as { sub: 'user-1' }, but this is ${given}`,
    )
  }
  const values = new Map<string, unknown>(Object.entries(where))
  const names = sortedNames([...values.keys()])
  // fromEntries, because an assignment to "__proto__" would not make a property.
  const sorted = Object.fromEntries(names.map((name) => [name, stringOrNumber(name, values.get(name))]))
  return { kind: 'selector', where: Object.freeze(sorted) }
}

function stringOrNumber(name: string, value: unknown): string | number {
  if (typeof value === 'string' || typeof value === 'number') return value
  throw new RevocadeError(
    'ERR_INVALID_TOKEN',
    `claim "${name}" of the selector is ${describeType(value)}: give it a non-empty string or a whole number`,
  )
}
