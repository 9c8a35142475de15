import type { CheckOptions } from '../api.js'
import { asRecord, oneOfOption, rejectUnknownKeys } from '../validate.js'

/**
 * Validates the options of a check.
 *
 * @throws {RevocadeError} ERR_CONFIG for an unknown option or value.
 */
export function readCheckOptions(options: CheckOptions | undefined): CheckOptions {
  if (options === undefined) return {}
  const given = asRecord(options, 'options')
  rejectUnknownKeys(given, ['onUnknown', 'selectorsOnly'], 'option')
  if (given.onUnknown !== undefined)
    oneOfOption(given.onUnknown, 'onUnknown', ['throw', 'revoked', 'active'], 'throw')
  return options
}
