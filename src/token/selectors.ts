import { RevocadeError } from '../errors.js'
import type { Target } from '../ports/index.js'
import { checkName, describe } from './claim-values.js'
import type { Midstate } from './digester.js'
import type { Claims } from './jwt.js'

/** The names of the claims that a selector combines, sorted. */
export interface SelectorShape {
  readonly names: readonly string[]
}

/** A shape with its prefix absorbed. */
export interface PreparedShape extends SelectorShape {
  readonly midstate: Midstate
}

/** How many selectors of one shape a token may match, through claims that are arrays. */
const MAX_COMBINATIONS = 64

/**
 * The names of a shape, sorted by UTF-16 code units.
 *
 * @throws RevocadeError `ERR_CONFIG` where it is empty or has an unusable or repeated name
 */
export function sortedNames(names: readonly string[]): readonly string[] {
  const given: unknown = names
  if (!Array.isArray(given) || names.length === 0) {
    throw new RevocadeError('ERR_CONFIG', 'A selector needs at least one claim name, such as ["sub"]')
  }
  for (const name of names) checkName(name, 'A claim name of a selector')
  if (new Set(names).size !== names.length) {
    throw new RevocadeError('ERR_CONFIG', `A selector names a claim twice: ${names.join(', ')}`)
  }
  return Object.freeze([...names].sort())
}

/**
 * The values of the `index`-th selector that a token matches: a claim that is an array stands for each of its
 * elements, and several such claims for each combination.
 *
 * @returns undefined where there are no more, or a claim is absent
 * @throws RevocadeError `ERR_INVALID_TOKEN` where there are more than 64
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
      `The claims ${names.join(', ')} are arrays with ${count} combinations of values: ` +
        `at most ${MAX_COMBINATIONS} can be checked`,
    )
  }
  return index < count ? values : undefined
}

/**
 * The target for a selector as a caller writes it, `{ sub: 'u1', client_id: 'app' }`; the values are not checked yet.
 *
 * @throws RevocadeError `ERR_CONFIG` where it is no plain object or has no usable names
 */
export function selectorFrom(where: unknown): Extract<Target, { kind: 'selector' }> {
  if (typeof where !== 'object' || where === null || Array.isArray(where)) {
    const given = describe(where)
    throw new RevocadeError(
      'ERR_CONFIG',
      `A selector is an object such as { sub: 'user-1' }, but this is ${given}`,
    )
  }
  const values = new Map<string, unknown>(Object.entries(where))
  const names = sortedNames([...values.keys()])
  // fromEntries, because assigning to "__proto__" would not make a property
  const sorted = Object.fromEntries(names.map((name) => [name, usable(name, values.get(name))]))
  return { kind: 'selector', where: Object.freeze(sorted) }
}

function usable(name: string, value: unknown): string | number {
  if (typeof value === 'string' || typeof value === 'number') return value
  throw new RevocadeError(
    'ERR_INVALID_TOKEN',
    `The claim "${name}" of the selector is ${describe(value)}: give it a non-empty string or a whole number`,
  )
}
