import type { Command } from 'commander'
import { RevocadeError } from '../../errors.js'
import { withVariable } from '../../validate.js'
import { CliError } from '../errors.js'

/** What messages of the engine call options that are settings of their own here. */
const NAMES: ReadonlyMap<string, string> = new Map([['redisPrefix', 'redis.keyPrefix']])

/** An error about a value that came from an environment variable, with the name of that. */
export function inVariableNames(error: unknown, variables: ReadonlyMap<string, string>): unknown {
  if (!(error instanceof RevocadeError || error instanceof CliError)) return error
  const known = new Map([...variables].map(([option, name]) => [NAMES.get(option) ?? option, name]))
  const message = withVariable(error.message, known)
  return message === error.message ? error : new CliError(error.code, message, { cause: error })
}

/** The variables that options of a command were read from, by the names of the options. */
export function variablesOf(command: Command): ReadonlyMap<string, string> {
  const { secretEnv = 'REVOCADE_SECRET' }: { readonly secretEnv?: string } = command.opts()
  const variables = new Map<string, string>()
  for (const option of command.options) {
    const name = option.attributeName()
    if (name === 'secretEnv') variables.set('secret', secretEnv)
    else if (option.envVar !== undefined && command.getOptionValueSource(name) === 'env')
      variables.set(name, option.envVar)
  }
  return variables
}
