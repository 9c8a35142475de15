import { RevocadeError } from '../errors.js'
import type { Target } from '../ports/index.js'
import { canonicalName, type ClaimPath, pathOf, valueAt } from './claim-path.js'
import { checkName, describeType } from './claim-values.js'
import { type Digester, isEncodable, type Midstate } from './digester.js'
import type { Claims } from './jwt.js'

/** The names of the claims that a selector combines, sorted, as {@link canonicalName} gives them. */
export interface SelectorShape {
  readonly names: readonly string[]
}

/** A shape as a check uses it. */
export interface PreparedShape extends SelectorShape {
  /** The hash state after its prefix. */
  readonly midstate: Midstate
  /** The paths of its claims. */
  readonly paths: readonly ClaimPath[]
  /** The claim, where the shape is one claim that is not nested. */
  readonly plain: string | undefined
}

/** Selectors of one shape that a token may match through several claims that are arrays. */
const MAX_COMBINATIONS = 64

/**
 * Sorts the names of a shape by UTF-16 code units.
 *
 * @param names as {@link canonicalName} gives them
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
 * The sorted claim names of a selector's target: none for the tokens of everybody.
 *
 * @throws {RevocadeError} ERR_CONFIG as {@link sortedNames}
 */
export function namesIn(where: object): readonly string[] {
  const names = Object.keys(where)
  return names.length === 0 ? names : sortedNames(names)
}

/** Prepares what {@link nextSelector} needs of the names of {@link sortedNames}. */
export function preparedShape(names: readonly string[], midstate: Midstate): PreparedShape {
  const paths = names.map((name) => pathOf(name))
  const [only] = paths
  return { names, midstate, paths, plain: paths.length === 1 && only?.length === 1 ? only[0] : undefined }
}

/**
 * The value of a claim as selectors compare it: a whole number is its decimal string, so that `42` and `'42'`
 * are one value.
 */
export function selectorValue(value: unknown): unknown {
  return Number.isSafeInteger(value) ? String(value) : value
}

/**
 * Writes the digest of the next selector of a shape that a token matches. A claim that is an array stands for
 * each of its elements, and several such claims for each combination. A value that no selector can have
 * (null, an object, a fraction …) matches none.
 *
 * Earlier versions digested a number in a selector as a number. What they stored is found too: a combination
 * with a number has two digests.
 *
 * @param from 0, or the last result
 * @returns where to go on; 0 when there are no more
 * @throws {RevocadeError} ERR_INVALID_TOKEN when several arrays have more than 64 combinations, or the values
 *   are too long
 */
export function nextSelector(digester: Digester, shape: PreparedShape, claims: Claims, from: number): number {
  const { names, midstate } = shape
  const found = matchable(
    shape.paths.map((path) => valueAt(claims, path)),
    from === 0,
  )
  const end = 2 * combinationsOf(found, shape)
  for (let at = from; at < end; at++) {
    const values = combination(found, Math.floor(at / 2))
    const asNumbers = at % 2 === 1
    if (asNumbers && !values.some((value) => typeof value === 'number')) continue
    if (digester.tryValues(midstate, names, asNumbers ? values : values.map(selectorValue))) return at + 1
  }
  return 0
}

/** Whether a token has all claims of a shape, whatever their values. */
export function hasClaims({ paths }: PreparedShape, claims: Claims): boolean {
  return paths.every((path) => valueAt(claims, path) !== undefined)
}

/**
 * The values of claims. Where several arrays have too many combinations, without those that no selector can
 * have, and each once: a token is refused only for combinations that a selector could match.
 *
 * @param first - the first call for these claims: an array may have changed since the last
 */
function matchable(found: readonly unknown[], first: boolean): readonly unknown[] {
  if (!isProduct(found) || combinations(found) <= MAX_COMBINATIONS) return found
  return found.map((value) => {
    if (Array.isArray(value)) return distinctOf(value, first)
    return isEncodable(value) ? value : []
  })
}

/** Each call for the next selector needs them: they are made once, or long arrays would cost their square. */
const DISTINCT = new WeakMap<readonly unknown[], readonly unknown[]>()

function distinctOf(values: readonly unknown[], first: boolean): readonly unknown[] {
  const known = first ? undefined : DISTINCT.get(values)
  if (known !== undefined) return known
  const distinct = [...new Set(values.filter(isEncodable))]
  DISTINCT.set(values, distinct)
  return distinct
}

const isProduct = (found: readonly unknown[]): boolean =>
  found.filter((value) => Array.isArray(value) && value.length > 1).length > 1

function combinations(found: readonly unknown[]): number {
  if (found.includes(undefined)) return 0
  return found.reduce<number>((count, value) => (Array.isArray(value) ? count * value.length : count), 1)
}

/** One array is gone through whole: the limit is for combinations. */
function combinationsOf(found: readonly unknown[], { names }: SelectorShape): number {
  const count = combinations(found)
  if (!isProduct(found) || count <= MAX_COMBINATIONS) return count
  throw new RevocadeError(
    'ERR_INVALID_TOKEN',
    `claims ${names.join(', ')} are arrays with ${count} combinations of values: ` +
      `at most ${MAX_COMBINATIONS} can be checked`,
  )
}

function combination(found: readonly unknown[], index: number): unknown[] {
  let rest = index
  return found.map((value) => {
    if (!Array.isArray(value)) return value
    const element: unknown = value[rest % value.length]
    rest = Math.floor(rest / value.length)
    return element
  })
}

/**
 * The target of a selector as a caller writes it: `{ sub: 'u1', client_id: 'app' }`, `{}` for the tokens of
 * everybody. The values are strings and numbers; whether they can be encoded is checked later.
 *
 * @throws {RevocadeError} ERR_CONFIG when it is not an object or has unusable names, ERR_INVALID_TOKEN when
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
  const entries = Object.entries(where).map(([name, value]) => [canonicalName(name), value] as const)
  const values = new Map<string, unknown>(entries)
  const names = entries.length === 0 ? [] : sortedNames(entries.map(([name]) => name))
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
