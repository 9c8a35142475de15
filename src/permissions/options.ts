import { asRecord, integerOption, numberOption, optionError, rejectUnknownKeys } from '../validate.js'

/** The most claims of {@link PermissionsOptions.by}. */
const MAX_CLAIMS = 3
const MAX_NAME = 255

/** What a loader is given beside the claims. */
export interface LoadContext {
  /** Is aborted once the load has taken `ttlSeconds`: its result would not be kept. */
  readonly signal: AbortSignal
}

/** Options of `createPermissions`. `By` are the names of the claims that values are kept by. */
export interface PermissionsOptions<T, By extends string = 'sub'> {
  /**
   * Loads a value, such as the permissions of a user. It is given the claims of `by` and no others, as
   * strings: all tokens with these claims share the value. What it throws is thrown by `get`, and not kept.
   */
  readonly load: (claims: Readonly<Record<By, string>>, context: LoadContext) => T | Promise<T>
  /**
   * The claims that values are kept by, one to three, spelt as in the option `claims` of the engine.
   *
   * @default ['sub']
   */
  readonly by?: readonly By[] | undefined
  /**
   * The longest that a value is used, from the begin of its load: 1 to 86,400 seconds.
   *
   * @default 300
   */
  readonly ttlSeconds?: number | undefined
  /**
   * The most values that are kept, 1 to 1,000,000. Those that were not used for the longest time go first.
   *
   * @default 10_000
   */
  readonly max?: number | undefined
  /**
   * Caches of the same name on one store, in all processes, are invalidated together. 1 to 255 characters.
   *
   * @default 'default'
   */
  readonly name?: string | undefined
}

/** The options with their defaults. */
export interface PermissionsSettings<T, By extends string> {
  readonly load: PermissionsOptions<T, By>['load']
  readonly by: readonly string[]
  readonly ttlSeconds: number
  readonly max: number
  readonly name: string
}

/**
 * Reads the options.
 *
 * @throws {RevocadeError} ERR_CONFIG when one of them is unknown or out of range
 */
export function readPermissionsOptions<T, By extends string>(
  options: PermissionsOptions<T, By>,
): PermissionsSettings<T, By> {
  const given = asRecord(options, 'the second argument of createPermissions, its options { load },')
  rejectUnknownKeys(given, ['load', 'by', 'ttlSeconds', 'max', 'name'], 'option')
  if (typeof options.load !== 'function')
    throw optionError('load', 'must be a function: it loads the value for the claims that it is given')
  return {
    load: options.load,
    by: readBy(given.by),
    ttlSeconds: numberOption(given.ttlSeconds, 'ttlSeconds', [1, 86_400], 300),
    max: integerOption(given.max, 'max', [1, 1_000_000], 10_000),
    name: readName(given.name),
  }
}

function readBy(value: unknown): readonly string[] {
  if (value === undefined) return ['sub']
  const names: readonly unknown[] = Array.isArray(value) ? value : []
  if (names.length > 0 && names.length <= MAX_CLAIMS && names.every((name) => typeof name === 'string'))
    return names
  throw optionError('by', `must be an array of one to ${MAX_CLAIMS} claim names, such as ['sub']`)
}

function readName(value: unknown): string {
  if (value === undefined) return 'default'
  if (typeof value === 'string' && value !== '' && value.length <= MAX_NAME && value.isWellFormed())
    return value
  throw optionError('name', `must be a string of 1 to ${MAX_NAME} characters`)
}
