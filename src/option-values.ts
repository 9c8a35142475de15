import { isUint8Array } from 'node:util/types'
import { checkedClock } from './checked-clock.js'
import { systemClock } from './engine/system-clock.js'
import type { Clock, Logger, PrefilterKind, RevocationStore } from './ports/index.js'
import { prefilterKind, type PrefilterOptions } from './prefilter/create.js'
import { safeLogger } from './safe-logger.js'
import { storeTypeOf } from './store/resolve.js'
import { asRecord, hasMethods, optionError } from './validate.js'

const STORE_METHODS = ['open', 'get', 'poll', 'scan', 'write', 'list', 'stats', 'close'] as const
const LOGGER_METHODS = ['debug', 'info', 'warn', 'error'] as const
const CLOCK_METHODS = ['now', 'monotonic'] as const

const ignore = (): void => undefined
const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/** The store of an engine that is given no option `store`. */
export const DEFAULT_STORE = './revocade.db'

/**
 * Reads the option `store`.
 *
 * @throws {RevocadeError} ERR_CONFIG when it is no file path, URL or store. `undefined` is refused too: it is
 *   most likely an environment variable that is not set, and an empty store would call every token active
 */
export function storeOption(store: unknown): string | RevocationStore {
  if (store === undefined)
    throw optionError(
      'store',
      'is undefined: is an environment variable not set? Give a path, a URL or a RevocationStore, or leave ' +
        `the option out for ${DEFAULT_STORE}`,
    )
  if (typeof store === 'string' && store !== '') {
    // Throws for a URL of a store that does not exist.
    storeTypeOf(store)
    return store
  }
  if (hasMethods<RevocationStore>(store, STORE_METHODS)) return store
  throw optionError(
    'store',
    'must be a file path, the URL of a store (postgres://… or redis://…), or a RevocationStore',
  )
}

/**
 * Reads the kind of the option `prefilter`. `createPrefilter` checks the sizes: each kind knows what it
 * accepts.
 *
 * @throws {RevocadeError} ERR_CONFIG when it is not an object, or when there is no such kind
 */
export function prefilterOption(choice: unknown): PrefilterOptions & { readonly kind: PrefilterKind } {
  if (choice === undefined) return { kind: 'bloom' }
  const { kind, ...sizing } = asRecord(choice, "option 'prefilter'")
  return { ...sizing, kind: kind === undefined ? 'bloom' : prefilterKind(kind) }
}

/**
 * Reads the option `namespace`.
 *
 * @throws {RevocadeError} ERR_CONFIG when it is no string, empty or too long
 */
export function namespaceOption(namespace: unknown): string {
  if (namespace === undefined) return 'default'
  if (typeof namespace === 'string' && isNamespace(namespace)) return namespace
  throw optionError('namespace', 'must be a string of 1 to 255 characters')
}

const isNamespace = (name: string): boolean => name !== '' && name.length <= 255 && name.isWellFormed()

/**
 * Reads the option `secret`; `keyFromSecret` checks its length.
 *
 * @throws {RevocadeError} ERR_CONFIG for another type
 */
export function secretOption(secret: unknown): string | Uint8Array | undefined {
  if (secret === undefined || typeof secret === 'string' || isUint8Array(secret)) return secret
  throw optionError('secret', 'must be a string or bytes')
}

/**
 * Reads the option `logger`.
 *
 * @returns a logger that does not throw
 * @throws {RevocadeError} ERR_CONFIG when a method is missing
 */
export function loggerOption(logger: unknown): Logger {
  if (logger === undefined) return silent
  if (hasMethods<Logger>(logger, LOGGER_METHODS)) return safeLogger(logger)
  throw optionError('logger', 'must have the methods debug, info, warn and error')
}

/**
 * Reads the option `clock`.
 *
 * @returns a clock that throws a RevocadeError where it can't tell the time
 * @throws {RevocadeError} ERR_CONFIG when a method is missing
 */
export function clockOption(clock: unknown): Clock {
  if (clock === undefined) return systemClock
  if (hasMethods<Clock>(clock, CLOCK_METHODS)) return checkedClock(clock)
  throw optionError('clock', 'must have the methods now and monotonic')
}
