import { RevocadeError } from '../errors.js'
import type { Settings } from '../options.js'
import { asRecord, optionError, rejectUnknownKeys } from '../validate.js'
import { LegacyBlacklist, type LegacyBlacklistOptions } from './legacy-blacklist.js'

/** Options of `createBlacklist`. */
export interface BlacklistOptions {
  /**
   * The claim that names whose token it is; `purge` goes by it.
   *
   * @default 'sub'
   */
  readonly tokenId?: string | undefined
  /**
   * The claim that `revoke` goes by, together with `tokenId`.
   *
   * @default 'iat'
   */
  readonly indexBy?: string | undefined
  /**
   * A token is revoked when nothing can decide. Without it the engine's `onUnknown` says what happens: by
   * default an error with status 503. `false` is refused.
   */
  readonly strict?: true | undefined
  /** For the time in which tokens are good that the old package may have revoked. */
  readonly legacy?: LegacyBlacklistOptions | undefined
}

/** The options with their defaults. */
export interface BlacklistSettings {
  readonly tokenId: string
  readonly indexBy: string
  readonly strict: boolean
  readonly legacy: LegacyBlacklist | undefined
}

const OPTIONS = ['tokenId', 'indexBy', 'strict', 'legacy']

/**
 * Checks the options.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable
 */
export function readBlacklistOptions(options: BlacklistOptions): BlacklistSettings {
  const given = asRecord(options, 'the options')
  if (given.store !== undefined)
    throw optionError(
      'store',
      'is not taken: the engine has its own. Set REVOCADE_STORE, or give an engine; for what the old store ' +
        "holds there is the option 'legacy'",
    )
  rejectUnknownKeys(given, OPTIONS, 'option')
  if (given.strict === false)
    throw optionError(
      'strict',
      'must be true or left out: with false, revoked tokens would pass when nothing can decide. An engine ' +
        "with onUnknown: 'active' does that",
    )
  if (given.strict !== undefined && given.strict !== true) throw optionError('strict', 'must be true')
  return {
    tokenId: claimName(given.tokenId, 'tokenId', 'sub'),
    indexBy: claimName(given.indexBy, 'indexBy', 'iat'),
    strict: given.strict === true,
    legacy: options.legacy === undefined ? undefined : new LegacyBlacklist(options.legacy),
  }
}

/** The selectors that an engine must honour, as its option `claims` has them. */
export function selectorsOf({ tokenId, indexBy }: BlacklistSettings): string[][] {
  return tokenId === indexBy ? [[tokenId]] : [[tokenId], [tokenId, indexBy]]
}

/** @throws {RevocadeError} ERR_CONFIG when checks of the engine do not look for the selectors */
export function requireSelectors(
  { selectors, idClaims }: Pick<Settings, 'selectors' | 'idClaims'>,
  settings: BlacklistSettings,
): void {
  const honoured = new Set([...selectors, ...idClaims.map((name) => [name])].map(keyOf))
  for (const names of selectorsOf(settings)) {
    if (honoured.has(keyOf(names))) continue
    const entry = JSON.stringify(names.length === 1 ? names[0] : names)
    throw new RevocadeError(
      'ERR_CONFIG',
      `a blacklist with these options needs ${entry} in the option 'claims' of the engine`,
    )
  }
}

/** Equal for the same claims in any order. */
export const keyOf = (names: readonly string[]): string => JSON.stringify(names.toSorted())

function claimName(value: unknown, option: string, fallback: string): string {
  if (value === undefined) return fallback
  if (typeof value === 'string' && value !== '') return value
  throw optionError(option, 'must be the name of a claim')
}
