import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ClaimsEntry, entryFromText, namesOfEntry, separatorProblem } from '../claims-option.js'
import type { RevocadeOptions } from '../options.js'
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

/** Options of the commands that reach the services' Redis. */
export interface RedisFlags {
  readonly redis?: string
  readonly redisPrefix?: string
}

/** Options of the commands that take tokens. */
export interface TokenOptions extends StoreOptions, RedisFlags {
  readonly claims?: ClaimsEntry[]
  readonly idClaims?: string[]
}

/** Adds `--json` and `--verbose`. */
export function addOutputOptions(command: Command): Command {
  return command
    .option('--json', 'machine-readable output and errors')
    .option('--verbose', 'show the stack of an error')
}

/** Adds the options that name a store, its tenant and its key, and the output options. */
export function addStoreOptions(command: Command): Command {
  command
    .addOption(
      new Option('--store <path>', 'the SQLite file, postgres://user@host/db or redis://host')
        .env('REVOCADE_STORE')
        .default('./revocade.db')
        .argParser(notEmpty),
    )
    .option('--namespace <name>', "the tenant (default: 'default')")
    .option(
      '--secret-env <name>',
      'environment variable that holds the digest key (default: REVOCADE_SECRET, where set)',
    )
  return addOutputOptions(command)
}

/** Adds the options that say which claims name tokens, and the Redis and store options. */
export function addTokenOptions(command: Command): Command {
  command
    .option(
      '--claims <list>',
      'selectors that checks honour, such as sid,client_id+sub,sub@auth_time (default: sid,sub)',
      parseClaims,
    )
    .option('--id-claims <list>', 'the first of these that a token has names it (default: jti)', parseNames)
  return addStoreOptions(addRedisOptions(command))
}

/**
 * Adds the Redis options. They have no commander parser, because its error message would print the URL with
 * its password; the engine checks the URL when it reads its options.
 */
export function addRedisOptions(command: Command): Command {
  const url =
    'the Redis of your services (arguments are visible in ps: a URL with a password belongs in the variable)'
  const prefix =
    "what the names of keys begin with, as in your services' option redis.keyPrefix (default: revocade)"
  return command
    .addOption(new Option('--redis <url>', url).env('REVOCADE_REDIS_URL'))
    .addOption(new Option('--redis-prefix <name>', prefix).env('REVOCADE_REDIS_PREFIX'))
}

/**
 * Parses `sid,client_id+sub@auth_time`: commas separate selectors, `+` joins the claims of one, and `@` names
 * the claim that its cutoff is compared with.
 */
export function parseClaims(text: string): ClaimsEntry[] {
  return parseNames(text).map((text) => {
    const entry = entryFromText(text)
    if (namesOfEntry(entry).includes('') || text.endsWith('@'))
      throw new InvalidArgumentError("Give claim names, joined by '+': client_id+sub, sub@auth_time.")
    return entry
  })
}

/** Parses names of claims separated by commas. */
export function parseNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.some((name) => name === '' || separatorProblem(name) !== undefined))
    throw new InvalidArgumentError('Give names with commas between them, as in sid,sub.')
  return names
}

/** Parses a whole number from 1 on, of at most 15 digits. */
export function parsePositiveInteger(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1 on.')
  return Number(text)
}

/**
 * The digest key, from the environment only: `ps` and the shell's history would show it on the command line.
 *
 * @throws {CliError} ERR_USAGE when `--secret-env` names a variable that is not set
 */
export function secretOf(options: StoreOptions): { secret?: string } {
  const name = options.secretEnv ?? 'REVOCADE_SECRET'
  const secret = process.env[name]
  if (secret !== undefined && secret !== '') return { secret }
  if (options.secretEnv === undefined) return {}
  // Only what can be a name is repeated: somebody may have given the key itself.
  const shown = /^[A-Z][A-Z\d_]*$/.test(name) ? name : 'of that name'
  throw new CliError('ERR_USAGE', `--secret-env: the environment variable ${shown} is not set`)
}

/** Milliseconds a command waits for Redis: longer than a service, because the server may be far away. */
const REDIS_TIMEOUT_MS = 500

/** The engine's `redis` option for `--redis`; undefined without it. An empty variable counts as unset. */
export function redisOption({ redis = '', redisPrefix = '' }: RedisFlags): RedisOptions | undefined {
  if (redis === '') return undefined
  return {
    url: redis,
    timeoutMs: REDIS_TIMEOUT_MS,
    ...(redisPrefix === '' ? {} : { keyPrefix: redisPrefix }),
  }
}

/**
 * The engine's options for one command. Loading a prefilter would cost more than a few reads of the store.
 */
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

function notEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.')
  return text
}
