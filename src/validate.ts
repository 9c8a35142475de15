import { RevocadeError } from './errors.js'

/**
 * @param problem - what is wrong, without the value: it may be a secret
 * @returns an `ERR_CONFIG` that names the option
 */
export function optionError(option: string, problem: string): RevocadeError {
  return new RevocadeError('ERR_CONFIG', `option '${option}' ${problem}`)
}

/**
 * The message of an error about an option, with the environment variable that its value came from.
 *
 * @param variables - by the name of the option
 */
export function withVariable(message: string, variables: ReadonlyMap<string, string>): string {
  // A flag that stands there already was not given. What else is in brackets is the variable.
  const match = /^(?<option>(?:the )?option '(?<name>(?<root>\w+)[\w.]*)')(?: \(--[\w-]+\))?(?! \()/.exec(
    message,
  )
  const { option = '', name = '', root = '' } = match?.groups ?? {}
  const variable = variables.get(name) ?? variables.get(root)
  if (match === null || variable === undefined) return message
  return `${option} (${variable})${message.slice(match[0].length)}`
}

/**
 * Refuses keys that are not among `known`. The message suggests the known key that differs by one letter.
 *
 * @throws {RevocadeError} ERR_CONFIG when a key is unknown
 */
export function rejectUnknownKeys(given: object, known: readonly string[], what: string): void {
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue
    throw new RevocadeError('ERR_CONFIG', `unknown ${what} '${key}': ${suggestionFor(key, known)}`)
  }
}

/** @returns what may be meant by an unknown name: the known one that differs by a letter, or all of them */
export function suggestionFor(key: string, known: readonly string[]): string {
  const near = known.find((name) => name.toLowerCase() === key.toLowerCase() || editDistanceIsOne(name, key))
  return near === undefined ? `known: ${known.join(', ')}` : `did you mean '${near}'?`
}

/**
 * @returns a copy of the object with its own enumerable properties
 * @throws {RevocadeError} ERR_CONFIG when the value is not an object
 */
export function asRecord(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RevocadeError('ERR_CONFIG', `${what} must be an object`)
  }
  return { ...value }
}

/**
 * @param user - who needs the engine, for the message
 * @param methods - those that it calls
 * @throws {RevocadeError} ERR_CONFIG when it is not an engine, but nothing, or the promise of one
 */
export function checkEngine(engine: unknown, user: string, methods: readonly string[]): void {
  if (!hasMethods(engine, methods)) throw noEngine(user)
}

/** The error for what is no engine. */
export function noEngine(user: string): RevocadeError {
  return new RevocadeError(
    'ERR_CONFIG',
    `${user} needs an engine: await createRevocade() and pass the result`,
  )
}

/** Whether a value is an object that has these methods. */
export function hasMethods<T extends object = Record<string, unknown>>(
  value: unknown,
  names: readonly (keyof T)[],
): value is T {
  return (
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof Reflect.get(value, name) === 'function')
  )
}

/**
 * @returns the accepted word that the value is, or `fallback` when there is none
 * @throws {RevocadeError} ERR_CONFIG when it is another value
 */
export function oneOfOption<T extends string>(
  value: unknown,
  name: string,
  accepted: readonly T[],
  fallback: T,
): T {
  if (value === undefined) return fallback
  const found = accepted.find((word) => word === value)
  if (found === undefined)
    throw optionError(name, `must be one of ${accepted.map((word) => `'${word}'`).join(', ')}`)
  return found
}

/**
 * @param range - the least and the greatest number that are accepted
 * @returns the number, or `fallback` when there is none
 * @throws {RevocadeError} ERR_CONFIG when it is not a number of the range
 */
export function numberOption<T extends number | undefined>(
  value: unknown,
  name: string,
  range: readonly [min: number, max: number],
  fallback: T,
): number | T {
  if (value === undefined) return fallback
  const [min, max] = range
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw optionError(name, `must be a number from ${min} to ${max}`)
}

/**
 * @param range - the least and the greatest number that are accepted
 * @returns the whole number, or `fallback` when there is none
 * @throws {RevocadeError} ERR_CONFIG when it is not a whole number of the range
 */
export function integerOption(
  value: unknown,
  name: string,
  range: readonly [min: number, max: number],
  fallback: number,
): number {
  const given = numberOption(value, name, range, fallback)
  if (value === undefined || Number.isInteger(given)) return given
  throw optionError(name, `must be a whole number from ${range[0]} to ${range[1]}`)
}

/**
 * @returns the boolean, or `fallback` when there is none
 * @throws {RevocadeError} ERR_CONFIG when it is another value
 */
export function booleanOption(value: unknown, name: string, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value === 'boolean') return value
  throw optionError(name, 'must be true or false')
}

/** Whether one insertion, deletion, substitution or swap of neighbours makes `a` into `b`. */
function editDistanceIsOne(a: string, b: string): boolean {
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const [restA, restB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)]
  return (
    (restA.length <= 1 && restB.length <= 1) ||
    (restA.length === 2 && restB.length === 2 && restA[0] === restB[1] && restA[1] === restB[0])
  )
}
