import { readFile } from 'node:fs/promises'
import { FEWEST_CHARACTERS } from '../../server/credentials.js'
import type { ServerOptions } from '../../server/index.js'
import { rejectUnknownKeys } from '../../validate.js'
import { CliError, isSystemError, systemReason } from '../errors.js'
import { jsonFault } from './json-fault.js'
import { ENGINE_SETTINGS, SERVER_SETTINGS, type Setting, valueOf, variableOf } from './settings.js'

type Values = Readonly<Record<string, unknown>>
type Environment = Readonly<Record<string, string | undefined>>

const ALL = [...SERVER_SETTINGS, ...ENGINE_SETTINGS]
const ADMIN_NAME = 'admin'
/** Settings with which signatures are verified. */
const KEYS = new Set(['jwks', 'hmacSecret'])

/**
 * The options of the server: from flags, else from the environment, else from the file. An empty variable
 * counts as unset, except that of a key or another secret, which is refused.
 *
 * @param flags - the texts of the flags, by the names of the settings
 * @param file - the path of a JSON file with the settings by their names
 * @throws {CliError} ERR_FILE, ERR_USAGE
 * @throws {RevocadeError} ERR_CONFIG when the file names an unknown option
 */
export async function readSettings(
  flags: Values,
  env: Environment,
  file: string | undefined,
): Promise<ServerOptions> {
  const values: Record<string, unknown> = file === undefined ? {} : await readSettingsFile(file)
  for (const setting of ALL) {
    const flag = flags[setting.name]
    const variable = env[variableOf(setting)] ?? ''
    refuseEmptySecret(setting, env, flag)
    if (typeof flag === 'string') values[setting.name] = valueOf(setting, flag)
    else if (variable !== '') values[setting.name] = valueOf(setting, variable)
  }
  const { adminToken, admins = [], redis, redisPrefix } = values
  const named = (settings: readonly Setting[]): Record<string, unknown> =>
    Object.fromEntries(
      settings.flatMap(({ name }) => (values[name] === undefined ? [] : [[name, values[name]]])),
    )
  const engine = { ...named(ENGINE_SETTINGS), redis: redisOption(redis, redisPrefix) }
  const own = { ...named(SERVER_SETTINGS), admins: withToken(admins, adminToken) }
  return { ...without(own, 'adminToken'), engine: without(engine, 'redisPrefix') }
}

/** The variables that settings were read from, by the names of the settings. */
export function variablesRead(flags: Values, env: Environment): ReadonlyMap<string, string> {
  const read = ALL.filter((setting) => {
    return typeof flags[setting.name] !== 'string' && (env[variableOf(setting)] ?? '') !== ''
  })
  return new Map(read.map((setting) => [setting.name, variableOf(setting)]))
}

/**
 * An empty variable counts as unset. For a key that would mean: let every signature pass. For another secret:
 * run without what it is for, or with another digest key.
 */
function refuseEmptySecret(setting: Setting, env: Environment, flag: unknown): void {
  const name = variableOf(setting)
  const isKey = KEYS.has(setting.name)
  if (!(isKey || setting.secret === true) || flag !== undefined || env[name] !== '') return
  const unless = isKey ? 'no signature is to be verified' : 'there is to be none'
  throw new CliError('ERR_USAGE', `${name} is empty: set it, or unset it if ${unless}`)
}

const without = (values: Values, name: string): Values =>
  Object.fromEntries(Object.entries(values).filter(([key]) => key !== name))

async function readSettingsFile(path: string): Promise<Record<string, unknown>> {
  const file = `the file of --config, ${path},`
  let text = ''
  let value: unknown
  try {
    text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '')
    value = JSON.parse(text)
  } catch (error) {
    if (isSystemError(error)) throw new CliError('ERR_FILE', `${file} can't be read: ${systemReason(error)}`)
    const { line, column } = jsonFault(text)
    throw new CliError('ERR_FILE', `${file} is not valid JSON: see line ${line}, column ${column}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CliError('ERR_FILE', `${file} must hold a JSON object`)
  rejectUnknownKeys(
    value,
    ALL.map(({ name }) => name),
    'option',
  )
  return { ...value }
}

/** The list with the one admin of `adminToken`. What is no list is refused by the server. */
function withToken(admins: unknown, token: unknown): unknown {
  if (token === undefined || !Array.isArray(admins)) return admins
  if (typeof token === 'string' && token.length < FEWEST_CHARACTERS)
    throw new CliError(
      'ERR_USAGE',
      `the option 'adminToken' must have at least ${FEWEST_CHARACTERS} characters`,
    )
  const list: unknown[] = admins
  return [...list, { name: ADMIN_NAME, token }]
}

/** The engine checks both; a prefix without a Redis is left for those of the environment that share it. */
function redisOption(redis: unknown, keyPrefix: unknown): unknown {
  if (redis === undefined) return undefined
  return typeof redis === 'string' && keyPrefix !== undefined ? { url: redis, keyPrefix } : redis
}
