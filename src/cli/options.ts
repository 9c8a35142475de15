import { existsSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Revocade } from '../api.js'
import { readOptions, type RevocadeOptions } from '../options.js'
import type { RevocationStore } from '../ports/index.js'
import type { RedisOptions } from '../redis/options.js'
import { CliError } from './errors.js'

/** Options that every command has. */
export interface OutputOptions {
  readonly json?: boolean
  readonly verbose?: boolean
}

/** Options of the commands that open a store. */
export interface StoreOptions extends OutputOptions {
  readonly store: string
  readonly namespace?: string
  readonly secretEnv?: string
}

/** Options of the commands that deal with the Redis of the services. */
export interface RedisFlags {
  readonly redis?: string
  readonly redisPrefix?: string
}

/** Options of the commands that deal with tokens. */
export interface TokenOptions extends StoreOptions, RedisFlags {
  readonly claims?: (string | string[])[]
  readonly idClaims?: string[]
}

export function addOutputOptions(command: Command): Command {
  return command
    .option('--json', 'machine-readable output and errors')
    .option('--verbose', 'show the stack of an error')
}

export function addStoreOptions(command: Command): Command {
  command
    .addOption(new Option('--store <path>', 'the SQLite file').env('REVOCADE_STORE').default('./revocade.db'))
    .option('--namespace <name>', "the tenant (default: 'default')")
    .option(
      '--secret-env <name>',
      'environment variable that holds the digest key (default: REVOCADE_SECRET, where set)',
    )
  return addOutputOptions(command)
}

export function addTokenOptions(command: Command): Command {
  command
    .option(
      '--claims <list>',
      'selectors that checks honour, such as sid,sub,client_id+sub (default: sid,sub)',
      parseClaims,
    )
    .option('--id-claims <list>', 'the first of these that a token has names it (default: jti)', parseList)
  return addStoreOptions(addRedisOptions(command))
}

/** No parser of its own, though some text is no URL: commander would repeat it, password and all, in the message about it. */
export function addRedisOptions(command: Command): Command {
  const url =
    'the Redis of your services (arguments are visible in ps: a URL with a password belongs in the variable)'
  const prefix =
    "what the names of keys begin with, as in your services' option redis.keyPrefix (default: revocade)"
  return command
    .addOption(new Option('--redis <url>', url).env('REVOCADE_REDIS_URL'))
    .addOption(new Option('--redis-prefix <name>', prefix).env('REVOCADE_REDIS_PREFIX'))
}

/** `sid,client_id+sub`: selectors by comma, several claims of one selector by `+`. */
export function parseClaims(text: string): (string | string[])[] {
  return parseList(text).map((entry) => {
    const names = entry.split('+')
    if (names.some((name) => name === ''))
      throw new InvalidArgumentError("Give claim names, joined by '+': client_id+sub.")
    return names.length === 1 ? entry : names
  })
}

export function parseList(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.some((name) => name === ''))
    throw new InvalidArgumentError('Give names with commas between them.')
  return names
}

export function parsePositiveInteger(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1 on.')
  return Number(text)
}

/** A secret never stands on the command line, where `ps` and the shell's history show it. */
export function secretOf(options: StoreOptions): { secret?: string } {
  const name = options.secretEnv ?? 'REVOCADE_SECRET'
  const secret = process.env[name]
  if (secret !== undefined && secret !== '') return { secret }
  if (options.secretEnv === undefined) return {}
  throw new CliError('ERR_USAGE', `--secret-env: the environment variable ${name} is not set`)
}

/** The command line is in no hurry, and may be far from the server. Milliseconds. */
const REDIS_TIMEOUT_MS = 500

/** The layer that `--redis` names; undefined for none, which an empty variable is as well. */
export function redisOption({ redis = '', redisPrefix = '' }: RedisFlags): RedisOptions | undefined {
  if (redis === '') return undefined
  return {
    url: redis,
    timeoutMs: REDIS_TIMEOUT_MS,
    ...(redisPrefix === '' ? {} : { keyPrefix: redisPrefix }),
  }
}

/** The engine's options for one command: no filter is loaded for the few questions that it asks. */
export function engineOptions(options: TokenOptions): RevocadeOptions {
  return {
    store: options.store,
    prefilter: { kind: 'none' },
    snapshot: false,
    redis: redisOption(options),
    ...secretOf(options),
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    ...(options.claims === undefined ? {} : { claims: options.claims }),
    ...(options.idClaims === undefined ? {} : { idClaims: options.idClaims }),
  }
}

/** Commands that only look must not leave an empty store behind, and then say that nothing is revoked. */
export function mustExist(options: StoreOptions): void {
  if (/^[a-z]+:\/\//i.test(options.store) || existsSync(options.store)) return
  throw new CliError(
    'ERR_STORE_UNAVAILABLE',
    `there is no store at ${options.store}. Give its path with --store or REVOCADE_STORE; 'revocade revoke' and 'import' create one.`,
  )
}

/**
 * Runs with an engine, and its store where rows are wanted as they are stored. Both are closed whatever happens.
 */
export async function withStore<T>(
  options: TokenOptions,
  overrides: Pick<RevocadeOptions, 'claims' | 'idClaims' | 'prefilter' | 'redis'>,
  use: (engine: Revocade, store: RevocationStore) => Promise<T>,
): Promise<T> {
  // Loaded here, not at the top: `--help` and a mistyped option need no database driver.
  const [{ createRevocade }, { SqliteStore }] = await Promise.all([
    import('../create-revocade.js'),
    import('../store/sqlite/index.js'),
  ])
  const settings = engineOptions(options)
  readOptions(settings)
  // A full check of the file is doctor's, or a service's; this process is gone before it would end.
  const store = new SqliteStore(options.store, { integrityCheckDelayMs: Number.POSITIVE_INFINITY })
  const engine = await createRevocade({ ...settings, ...overrides, store })
  try {
    return await use(engine, store)
  } finally {
    await engine.close()
  }
}
