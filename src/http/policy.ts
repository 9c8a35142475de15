import type { CheckOptions, UnknownPolicy } from '../api.js'
import {
  asRecord,
  booleanOption,
  numberOption,
  oneOfOption,
  optionError,
  rejectUnknownKeys,
} from '../validate.js'

/** How requests are judged. It is set in code or by a path of yours, and by nothing that a client sends. */
export interface PolicyOptions {
  /**
   * Whether a request must have a token. With `false` one without passes as anonymous. A token that is there
   * is judged in any case.
   *
   * @default true
   */
  readonly required?: boolean | undefined
  /**
   * What happens when nothing can decide: `throw` refuses with status 503, `revoked` with 401, `active` lets
   * the request pass.
   *
   * @default the engine's `onUnknown`
   */
  readonly onUnknown?: UnknownPolicy | undefined
  /**
   * The realm of challenges (RFC 9110, section 11.5): printable ASCII without `"` and `\`.
   *
   * @default 'revocade'
   */
  readonly realm?: string | undefined
  /**
   * For how long after its `exp` a token is still accepted, in seconds. At most what the engine has as
   * `clockToleranceSeconds`: later its revocation may be forgotten.
   *
   * @default 0
   */
  readonly clockToleranceSeconds?: number | undefined
  /**
   * Accepts claims that don't identify a token, as `selectorsOnly` of a check.
   *
   * @default false
   */
  readonly selectorsOnly?: boolean | undefined
}

/** A policy whose options were read. */
export interface Policy {
  readonly required: boolean
  readonly realm: string
  readonly clockToleranceSeconds: number
  /** The options of each check; undefined when the engine's own hold. */
  readonly check: CheckOptions | undefined
}

const KNOWN = ['required', 'onUnknown', 'realm', 'clockToleranceSeconds', 'selectorsOnly']

/**
 * Reads the options of a policy.
 *
 * @param also - other names that are accepted, for options of whoever calls
 * @throws {RevocadeError} ERR_CONFIG when one of them is unknown or out of range
 */
export function readPolicy(options: PolicyOptions, also: readonly string[] = []): Policy {
  const given = asRecord(options, 'the options')
  rejectUnknownKeys(given, [...also, ...KNOWN], 'option')
  const onUnknown = oneOfOption<UnknownPolicy | 'engine'>(
    given.onUnknown,
    'onUnknown',
    ['throw', 'revoked', 'active'],
    'engine',
  )
  const selectorsOnly = booleanOption(given.selectorsOnly, 'selectorsOnly', false)
  const check = {
    ...(onUnknown === 'engine' ? {} : { onUnknown }),
    ...(selectorsOnly ? { selectorsOnly } : {}),
  }
  return {
    required: booleanOption(given.required, 'required', true),
    realm: readRealm(given.realm),
    clockToleranceSeconds: numberOption(given.clockToleranceSeconds, 'clockToleranceSeconds', [0, 86_400], 0),
    check: Object.keys(check).length === 0 ? undefined : check,
  }
}

function readRealm(value: unknown): string {
  if (value === undefined) return 'revocade'
  if (typeof value === 'string' && /^[ !#-[\]-~]+$/.test(value)) return value
  throw optionError('realm', 'must be printable ASCII without " and \\')
}
