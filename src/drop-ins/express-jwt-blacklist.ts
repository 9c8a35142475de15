import type { Revocade } from '../api.js'
import { namesOfEntry } from '../claims-option.js'
import { createRevocade } from '../create-revocade.js'
import { environmentOptions } from '../default-engine.js'
import { RevocadeError } from '../errors.js'
import { DEFAULT_CLAIMS, DEFAULT_ID_CLAIMS, type RevocadeOptions } from '../options.js'
import { asRecord } from '../validate.js'
import { Blacklist } from './blacklist.js'
import { type BlacklistFunctions, blacklistFunctions } from './blacklist-functions.js'
import {
  type BlacklistOptions,
  type BlacklistSettings,
  keyOf,
  readBlacklistOptions,
  selectorsOf,
} from './blacklist-options.js'

import '../require-node.js'

export type { BlacklistFunctions, Callback, DecodedJwt, IsRevoked, Operation } from './blacklist-functions.js'
export type { BlacklistOptions } from './blacklist-options.js'
export type { LegacyBlacklistOptions, OldBlacklist } from './legacy-blacklist.js'

/**
 * express-jwt-blacklist on an engine.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable, or when the engine does not
 *   look for the selectors `tokenId` and `[tokenId, indexBy]`
 */
export function createBlacklist(revocade: Revocade, options: BlacklistOptions = {}): BlacklistFunctions {
  const blacklist = Promise.resolve(new Blacklist(revocade, options))
  return blacklistFunctions(() => blacklist)
}

/** Options of {@link configure}. */
export interface ConfigureOptions extends BlacklistOptions {
  /**
   * The engine, or a promise of it. Its option `claims` needs `tokenId` and `[tokenId, indexBy]`.
   *
   * @default one from the environment variables that `configure()` of the package lists, with these claims
   */
  readonly revocade?: Revocade | Promise<Revocade> | undefined
}

/** The types of revocations, as the old package has them. */
export const TYPE = Object.freeze({ revoke: 'revoke', purge: 'purge' } as const)

let configured: ConfigureOptions = {}
let starting: Promise<Blacklist> | undefined
/** The engine that was made here, because none was given. */
let own: Revocade | undefined

/**
 * Sets the options of {@link isRevoked}, {@link revoke} and {@link purge}. What an earlier call set, and this
 * one does not name, stays.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable, or after the first use
 */
export function configure(options: ConfigureOptions = {}): void {
  if (starting !== undefined)
    throw new RevocadeError('ERR_CONFIG', 'configure() must come before the first use of the blacklist')
  const { revocade, ...others } = asRecord(options, 'the options')
  readBlacklistOptions(others)
  // Its failure is that of the first use.
  if (revocade instanceof Promise) revocade.catch(() => undefined)
  configured = { ...configured, ...options }
}

/**
 * Releases the engine that was made here. One that was given is its owner's to close. The next use makes
 * another one.
 */
export async function close(): Promise<void> {
  const running = starting
  starting = undefined
  await running?.catch(() => undefined)
  const engine = own
  own = undefined
  await engine?.close()
}

function started(): Promise<Blacklist> {
  starting ??= start().catch((error: unknown) => {
    // The next call tries again: the store may be available by then.
    starting = undefined
    throw error
  })
  return starting
}

async function start(): Promise<Blacklist> {
  const { revocade, ...options } = configured
  if (revocade !== undefined) return new Blacklist(await revocade, options)
  own = await createRevocade(await optionsOfOwn(readBlacklistOptions(options)))
  return new Blacklist(own, options)
}

/** The options from the environment, with the claims that the blacklist needs. */
async function optionsOfOwn(settings: BlacklistSettings): Promise<RevocadeOptions> {
  const options = await environmentOptions()
  const { claims = DEFAULT_CLAIMS, idClaims = DEFAULT_ID_CLAIMS } = options
  const honoured = new Set([...claims.map(namesOfEntry), ...idClaims.map((name) => [name])].map(keyOf))
  const missing = selectorsOf(settings).filter((names) => !honoured.has(keyOf(names)))
  return { ...options, claims: [...claims, ...missing] }
}

const functions = blacklistFunctions(started)

/** {@link BlacklistFunctions.isRevoked} of the blacklist that {@link configure} describes. */
export const isRevoked = functions.isRevoked

/** {@link BlacklistFunctions.revoke} of the blacklist that {@link configure} describes. */
export const revoke = functions.revoke

/** {@link BlacklistFunctions.purge} of the blacklist that {@link configure} describes. */
export const purge = functions.purge

/** As the old package: all in one object. */
export default { TYPE, configure, isRevoked, revoke, purge, close, createBlacklist }
