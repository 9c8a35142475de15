import { RevocadeError } from '../../errors.js'
import { CliError } from '../errors.js'

/** What messages of the engine call by the names of its options, and what `revoke` calls that. */
const FLAGS: readonly (readonly [RegExp, string])[] = [
  [/: set maxTokenLifetimeSeconds, or give expiresAt/, ': give --expires-at TIME or --expires-in 8h'],
  [/\bgive expiresAt\b/, 'give --expires-at TIME or --expires-in 8h'],
  [/\bexpiresAt\b/g, '--expires-at'],
  [/\bnotBefore\b/g, '--not-before'],
  [/\bissuedBefore: 'ever'/g, '--issued-before ever'],
  [/\bissuedBefore\b/g, '--issued-before'],
  [/\boption '(reason|actor)'/g, '--$1'],
]

/** An error of the engine in the words of the command line. */
export function inFlagNames(error: RevocadeError): RevocadeError | CliError {
  const message = FLAGS.reduce((text, [name, flag]) => text.replace(name, flag), error.message)
  return message === error.message ? error : new CliError(error.code, message, { cause: error })
}

/** Waits for the engine, and throws its errors in the words of the command line. */
export async function withFlagNames<T>(revoked: Promise<T>): Promise<T> {
  try {
    return await revoked
  } catch (error) {
    throw error instanceof RevocadeError ? inFlagNames(error) : error
  }
}
