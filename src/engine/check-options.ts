import type { CheckOptions } from '../api.js'
import { asRecord, oneOfOption, rejectUnknownKeys } from '../validate.js'

/**
 * Reads the options of a check.
 *
 * @throws {RevocadeError} ERR_CONFIG when one of them is unknown or has another value
 */
export function readCheckOptions(options: CheckOptions | undefined): CheckOptions {
  if (options === undefined) return {}
  const given = asRecord(options, 'options')
  rejectUnknownKeys(given, ['onUnknown', 'selectorsOnly'], 'option')
  if (given.onUnknown !== undefined)
    oneOfOption(given.onUnknown, 'onUnknown', ['throw', 'revoked', 'active'], 'throw')
  return options
}
