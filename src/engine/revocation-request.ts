import type { RevokeManyOptions, RevokeOptions, UnrevokeOptions } from '../api.js'
import { RevocadeError } from '../errors.js'
import type { Mutation, Target } from '../ports/index.js'
import { optionName } from '../token/claim-path.js'
import { digestBytes, type TokenDigester } from '../token/identify.js'
import { numericDate, toMilliseconds, toSeconds } from '../token/numeric-date.js'
import { withoutTokens, wrapsToken } from '../token/token-in-text.js'
import { asRecord, oneOfOption, rejectUnknownKeys } from '../validate.js'
import { type GivenCutoff, readCutoff } from './cutoff.js'

/** Characters of a reason or an actor. */
const MAX_TEXT = 1024

/** A mutation that revokes. */
export type RevokeMutation = Extract<Mutation, { op: 'revoke' }>

/** What the options or an entry of revokeMany may hold. Each value is checked where it is used. */
interface Given extends GivenCutoff {
  readonly notBefore?: unknown
  readonly expiresAt?: unknown
  readonly reason?: unknown
  readonly actor?: unknown
}

/** What {@link Mutations} needs. */
export interface MutationDeps {
  readonly digester: TokenDigester
  readonly clock: { now(): number }
  readonly idClaims: readonly string[]
  /** The JSON of the sorted claim names of each selector that checks look for. */
  readonly selectors: ReadonlySet<string>
  readonly maxTokenLifetimeSeconds: number | undefined
  readonly issuerClockAheadSeconds: number
}

/** Turns what a caller wants revoked into what the store writes, and refuses every wrong argument. */
export class Mutations {
  readonly #deps: MutationDeps

  constructor(deps: MutationDeps) {
    this.#deps = deps
  }

  ofEntry(entry: unknown): RevokeMutation {
    const given = asRecord(entry, 'an entry')
    const { reason, actor, revokedAt } = given
    readText(reason, 'reason')
    readText(actor, 'actor')
    const mutation = this.#addressed(given)
    if (revokedAt === undefined) return mutation
    // Not later than now: the store compares it with the expiry of an earlier revocation.
    return {
      ...mutation,
      revokedAt: Math.min(toMilliseconds(revokedAt, 'revokedAt'), mutation.revokedAt),
    }
  }

  /** An entry of revokeMany names exactly one target: by a token, a selector, a hash or an id. */
  #addressed(given: Record<string, unknown>): RevokeMutation {
    const common = ['notBefore', 'expiresAt', 'reason', 'actor', 'revokedAt']
    if ('token' in given) {
      rejectUnknownKeys(given, ['token', ...common], 'key')
      return this.ofToken(given.token, given)
    }
    if ('where' in given) {
      rejectUnknownKeys(given, ['where', 'issuedBefore', 'sameSecond', ...common], 'key')
      if (given.issuedBefore === undefined) refuseEveryone(given.where, 'needs an issuedBefore in an entry')
      return this.ofSelector(given.where, given)
    }
    const { digester, idClaims } = this.#deps
    const claim = 'sha256' in given ? undefined : idClaims.find((name) => name in given)
    if (claim === undefined && given.sha256 === undefined) {
      rejectUnknownKeys(given, ['token', 'where', 'sha256', ...idClaims, ...common], 'key')
      throw new RevocadeError(
        'ERR_INVALID_TOKEN',
        `an entry must have a token, an id (${idClaims.join(' or ')}), a sha256 or a selector (where)`,
      )
    }
    rejectUnknownKeys(given, claim === undefined ? ['sha256', ...common] : [claim, 'iss', ...common], 'key')
    const target = digester.targets.explicit(
      claim,
      claim === undefined ? given.sha256 : given[claim],
      given.iss,
    )
    if (given.expiresAt === undefined) throw noExpiry('the entry has no expiresAt')
    return this.#mutation(target, toSeconds(given.expiresAt, 'expiresAt'), given)
  }

  ofToken(token: unknown, options: Given): RevokeMutation {
    const { digester } = this.#deps
    const target = digester.targetOf(token)
    if (digester.isOpaque && typeof token === 'string' && wrapsToken(token.trim())) throw wrapped()
    // Before 'exp' is read: a token whose 'exp' can't be used can be revoked with an expiresAt.
    if (options.expiresAt !== undefined)
      return this.#mutation(target, toSeconds(options.expiresAt, 'expiresAt'), options)
    const exp = digester.claims === undefined ? undefined : numericDate(digester.claims, 'exp')
    if (exp === undefined) throw noExpiry("the token has no 'exp'")
    // Some issuers write 0 for a token that never expires, such as an offline token of Keycloak.
    if (exp === 0) throw noExpiry("the 'exp' of the token is 0")
    return this.#mutation(target, exp, options, 'token')
  }

  ofSelector(selector: unknown, options: Given): RevokeMutation {
    const { digester, clock, maxTokenLifetimeSeconds, issuerClockAheadSeconds } = this.#deps
    const target = this.honoured(digester.selectorTarget(selector))
    const latest = clock.now() + issuerClockAheadSeconds * 1000
    const cutoff = readCutoff(options, latest)
    if (cutoff.issuedThrough === undefined) refuseEveryone(selector, "needs a time, not issuedBefore: 'ever'")
    const given = options.expiresAt === undefined ? undefined : toSeconds(options.expiresAt, 'expiresAt')
    if (given === undefined && maxTokenLifetimeSeconds === undefined) {
      throw noExpiry("an id or a selector has no 'exp' of its own", 'set maxTokenLifetimeSeconds, or ')
    }
    // The last token to catch is issued at issuedBefore and has the longest lifetime that a token may have.
    // Without a cutoff, tokens are issued and accepted until the revocation begins to count.
    const lastIssued = (cutoff.issuedBefore ?? Math.max(latest, startOf(options) ?? 0)) / 1000
    const expiresAt = Math.max(
      given ?? 0,
      maxTokenLifetimeSeconds === undefined ? 0 : Math.ceil(lastIssued + maxTokenLifetimeSeconds),
    )
    return { ...this.#mutation(target, expiresAt, options), ...cutoff }
  }

  /** @param endedBy - who decides when it ends: the caller, or the `exp` of the token */
  #mutation(
    target: Target,
    expiresAt: number,
    { notBefore, reason, actor }: Given,
    endedBy: 'caller' | 'token' = 'caller',
  ): RevokeMutation {
    this.#deps.digester.targets.refuseTokensIn(target)
    const start = startOf({ notBefore })
    // A token may well end within the time that a caller grants: then there is little to revoke.
    if (start !== undefined && endedBy === 'caller' && start >= expiresAt * 1000) throw endsFirst()
    return {
      op: 'revoke',
      digest: digestBytes(this.#deps.digester.target(target)),
      target,
      // Rounded up: it is safe to end a fraction of a second late, but not early.
      expiresAt: Math.ceil(expiresAt),
      revokedAt: this.#deps.clock.now(),
      ...(start === undefined ? {} : { notBefore: start }),
      ...(typeof reason === 'string' ? { reason: withoutTokens(reason) } : {}),
      ...(typeof actor === 'string' ? { actor: withoutTokens(actor) } : {}),
    }
  }

  /** Refuses a selector that no check looks for: the revocation would have no effect. */
  honoured(target: Target): Target {
    const names = selectorOf(target)
    // The selector of everybody needs no option: it has no claims.
    if (names !== undefined && names.length > 0 && !this.#deps.selectors.has(JSON.stringify(names))) {
      const selector = JSON.stringify(names.map(optionName))
      throw new RevocadeError(
        'ERR_CONFIG',
        `no check looks for the selector ${selector}: add it to the option 'claims'`,
      )
    }
    return target
  }
}

/** When a revocation begins to count, in milliseconds; undefined: at once. */
function startOf({ notBefore }: Given): number | undefined {
  return notBefore === undefined ? undefined : toMilliseconds(notBefore, 'notBefore')
}

/** The sorted claim names of a selector; undefined for a single token. */
export function selectorOf(target: Target): readonly string[] | undefined {
  return target.kind === 'selector' ? Object.keys(target.where).toSorted() : undefined
}

/** Entries come from files, where a claim that is undefined leaves `{}` behind. */
function refuseEveryone(where: unknown, why: string): void {
  if (Object.keys(asRecord(where, 'a selector')).length > 0) return
  throw new RevocadeError('ERR_CONFIG', `the selector {} names the tokens of everybody: it ${why}`)
}

function noExpiry(why: string, or = ''): RevocadeError {
  return new RevocadeError(
    'ERR_NO_EXPIRY',
    `${why}: ${or}give expiresAt, so that the revocation is not kept for ever by accident`,
  )
}

function endsFirst(): RevocadeError {
  return new RevocadeError(
    'ERR_INVALID_TIME',
    'the revocation would end before it begins to count: give a later expiresAt or an earlier notBefore',
  )
}

/**
 * Checks the options of revoke and revokeWhere, except the times, which are read with the target.
 *
 * @param more - the names of further options that the method takes
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or its value can't be used
 */
export function readRevokeOptions(options: RevokeOptions, more: readonly string[]): void {
  const given = asRecord(options, 'options')
  rejectUnknownKeys(given, ['notBefore', 'expiresAt', 'reason', 'actor', 'ack', ...more], 'option')
  readText(given.reason, 'reason')
  readText(given.actor, 'actor')
  oneOfOption(given.ack, 'ack', ['durable', 'fleet'], 'durable')
}

/**
 * Checks the options of unrevoke and unrevokeWhere.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or its value can't be used
 */
export function readUnrevokeOptions(options: UnrevokeOptions): void {
  const given = asRecord(options, 'options')
  rejectUnknownKeys(given, ['actor'], 'option')
  readText(given.actor, 'actor')
}

/**
 * Checks the options of revokeMany.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or its value can't be used
 */
export function readRevokeManyOptions(options: RevokeManyOptions): void {
  const given = asRecord(options, 'options')
  rejectUnknownKeys(given, ['ack', 'onInvalid', 'onProgress'], 'option')
  oneOfOption(given.ack, 'ack', ['durable', 'fleet'], 'durable')
  for (const name of ['onInvalid', 'onProgress']) {
    if (given[name] === undefined || typeof given[name] === 'function') continue
    throw new RevocadeError('ERR_CONFIG', `option '${name}' must be a function`)
  }
}

/** No check looks for such a string, so its revocation would have no effect. */
function wrapped(): RevocadeError {
  return new RevocadeError(
    'ERR_INVALID_TOKEN',
    'there is a whole token within this string, which is none: pass the token alone, to checks as well',
  )
}

/** Checks an optional text. */
function readText(value: unknown, name: string): void {
  if (value === undefined) return
  if (typeof value !== 'string' || value.length > MAX_TEXT || !value.isWellFormed()) {
    throw new RevocadeError(
      'ERR_CONFIG',
      `option '${name}' must be a well-formed string of at most ${MAX_TEXT} characters`,
    )
  }
}
