import type { RevokeWhereOptions } from '../../api.js'
import { CliError } from '../errors.js'
import { parseTime } from './time.js'

/** The flags of `revoke` that say which tokens of a selector are revoked. */
export interface CutoffFlags {
  readonly issuedBefore?: string
  readonly sameSecond?: string
}

/**
 * Reads the flags.
 *
 * @throws {CliError} ERR_INVALID_TIME or ERR_USAGE when a value can't be used
 */
export function cutoffOptions({ issuedBefore, sameSecond }: CutoffFlags): RevokeWhereOptions {
  return {
    ...(issuedBefore === undefined
      ? {}
      : { issuedBefore: issuedBefore === 'ever' ? 'ever' : parseTime(issuedBefore, '--issued-before') }),
    ...(sameSecond === undefined ? {} : { sameSecond: keepOrRevoke(sameSecond) }),
  }
}

function keepOrRevoke(text: string): 'keep' | 'revoke' {
  if (text === 'keep' || text === 'revoke') return text
  throw new CliError('ERR_USAGE', "--same-second must be 'keep' or 'revoke'")
}
