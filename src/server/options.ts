import { RevocadeError } from '../errors.js'
import { readPolicies } from '../http/forward-auth.js'
import type { PolicyOptions } from '../http/index.js'
import { readOptions, type RevocadeOptions } from '../options.js'
import { integerOption, oneOfOption, optionError, rejectUnknownKeys } from '../validate.js'
import { type Address, isLoopback, readAddress } from './address.js'
import { type AdminOption, Admins, type ClientOption, Clients } from './credentials.js'
import { NOT_JOINED, type TokenSources } from './token-sources.js'
import { readVerification, type VerificationSettings } from './verification-options.js'

/** Options of {@link startServer}. */
export interface ServerOptions {
  /** Those of `createRevocade`. */
  readonly engine?: RevocadeOptions | undefined
  /**
   * Where proxies ask, as `host:port`.
   *
   * @default '127.0.0.1:8521'
   */
  readonly listen?: string | undefined
  /**
   * Where admins, OAuth clients and monitoring ask. Other than loopback needs `admins` or `clients`.
   *
   * @default '127.0.0.1:8522'
   */
  readonly adminListen?: string | undefined
  /** Policies by name, see `createForwardAuth`. */
  readonly policies?: Readonly<Record<string, PolicyOptions>> | undefined
  /** A header that may have a token too. */
  readonly tokenHeader?: string | undefined
  /** A cookie that may have a token too. */
  readonly tokenCookie?: string | undefined
  /** A JSON Web Key Set: a URL, or the path of a file. With it, signatures are verified. */
  readonly jwks?: string | undefined
  /** Instead of `jwks`: the secret of HS256, HS384 or HS512; at least 32 characters. */
  readonly hmacSecret?: string | undefined
  /** Accepted values of `iss`. */
  readonly issuer?: string | readonly string[] | undefined
  /** Accepted values of `aud`. */
  readonly audience?: string | readonly string[] | undefined
  /** Accepted values of `alg`, such as `ES256`. */
  readonly algorithms?: readonly string[] | undefined
  readonly admins?: readonly AdminOption[] | undefined
  readonly clients?: readonly ClientOption[] | undefined
  /**
   * How many revocations one OAuth client may ask for in a minute, 1 to 10,000,000. Admins have no limit.
   *
   * @default 6000
   */
  readonly revocationsPerMinute?: number | undefined
  /**
   * The `exp` of an introspection is at most this many seconds from now, 1 to 86,400, for programs that keep
   * an answer until then.
   *
   * @default the token's own `exp`
   */
  readonly introspectionMaxAgeSeconds?: number | undefined
  /**
   * Bytes of one bulk request, 1024 to 1,073,741,824.
   *
   * @default 67_108_864
   */
  readonly bulkBytes?: number | undefined
  /**
   * Seconds between a signal to end and the closing of the listeners, 0 to 300: `/readyz` says 503, so that
   * load balancers look elsewhere.
   *
   * @default 0
   */
  readonly drainSeconds?: number | undefined
  /**
   * Seconds that requests under way are then waited for, 1 to 300.
   *
   * @default 10
   */
  readonly shutdownSeconds?: number | undefined
  /** @default 'info' */
  readonly logLevel?: LogLevel | undefined
}

/** The levels of pino. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The options with their defaults, checked. */
export interface ServerSettings {
  readonly engine: RevocadeOptions
  readonly toleranceSeconds: number
  readonly idClaims: readonly string[]
  readonly listen: Address
  readonly adminListen: Address
  readonly policies: Readonly<Record<string, PolicyOptions>>
  readonly sources: TokenSources
  /** Undefined without a key. */
  readonly verification: VerificationSettings | undefined
  readonly admins: Admins
  readonly clients: Clients
  readonly revocationsPerMinute: number
  readonly introspectionMaxAgeSeconds: number | undefined
  readonly bulkBytes: number
  readonly drainSeconds: number
  readonly shutdownSeconds: number
  readonly logLevel: LogLevel
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** The names of the server's own options, in the order of docs/serve.md. */
export const SERVER_OPTION_NAMES = [
  'listen',
  'adminListen',
  'policies',
  'tokenHeader',
  'tokenCookie',
  'jwks',
  'hmacSecret',
  'issuer',
  'audience',
  'algorithms',
  'admins',
  'clients',
  'revocationsPerMinute',
  'introspectionMaxAgeSeconds',
  'bulkBytes',
  'drainSeconds',
  'shutdownSeconds',
  'logLevel',
] as const

const HTTP_TOKEN = /^[\w!#$%&'*+.^`|~-]{1,128}$/

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not valid, or a listener would be open to
 *   other machines without credentials
 */
export function readServerOptions(options: ServerOptions): ServerSettings {
  rejectUnknownKeys(options, ['engine', ...SERVER_OPTION_NAMES], 'option')
  const { engine = {}, introspectionMaxAgeSeconds: maxAge } = options
  const { clockToleranceSeconds, idClaims } = readOptions(engine)
  const settings: ServerSettings = {
    engine,
    toleranceSeconds: clockToleranceSeconds,
    idClaims,
    listen: readAddress(options.listen ?? '127.0.0.1:8521', 'listen'),
    adminListen: readAddress(options.adminListen ?? '127.0.0.1:8522', 'adminListen'),
    policies: readPolicies(options.policies ?? {}),
    sources: {
      header: httpToken(options.tokenHeader, 'tokenHeader')?.toLowerCase(),
      cookie: httpToken(options.tokenCookie, 'tokenCookie'),
    },
    verification: readVerification(options),
    admins: new Admins(options.admins),
    clients: new Clients(options.clients),
    revocationsPerMinute: integerOption(
      options.revocationsPerMinute,
      'revocationsPerMinute',
      [1, 10_000_000],
      6000,
    ),
    introspectionMaxAgeSeconds:
      maxAge === undefined ? undefined : integerOption(maxAge, 'introspectionMaxAgeSeconds', [1, 86_400], 0),
    bulkBytes: integerOption(options.bulkBytes, 'bulkBytes', [1024, 1 << 30], 1 << 26),
    drainSeconds: integerOption(options.drainSeconds, 'drainSeconds', [0, 300], 0),
    shutdownSeconds: integerOption(options.shutdownSeconds, 'shutdownSeconds', [1, 300], 10),
    logLevel: oneOfOption(options.logLevel, 'logLevel', LOG_LEVELS, 'info'),
  }
  refuseUnsafe(settings)
  refuseTolerance(settings.policies, clockToleranceSeconds)
  return settings
}

/** What is well formed, and yet must not run. */
function refuseUnsafe({ adminListen, admins, clients, verification, sources }: ServerSettings): void {
  if (!isLoopback(adminListen) && admins.size + clients.size === 0)
    throw optionError(
      'adminListen',
      'is reachable from other machines, and there are no credentials: ' +
        "give 'admins' or 'clients', or a loopback address",
    )
  const [limited] = clients.limited
  if (limited !== undefined && verification === undefined)
    throw new RevocadeError(
      'ERR_CONFIG',
      `the client '${limited}' may revoke only its own tokens, and without a key nobody can tell whose one ` +
        'is: give \'jwks\' or \'hmacSecret\', or let it revoke any with "tokens": "any"',
    )
  if (sources.header === 'authorization')
    throw optionError('tokenHeader', "is another header than 'Authorization', which is always read")
  if (sources.header !== undefined && NOT_JOINED.has(sources.header))
    throw optionError(
      'tokenHeader',
      `can't be '${sources.header}': of several lines, Node.js keeps only some, and the program behind may ` +
        "read another one. For a cookie there is 'tokenCookie'",
    )
}

/** A policy that lets a token pass for longer than its revocation is kept. */
function refuseTolerance(policies: ServerSettings['policies'], most: number): void {
  for (const [name, { clockToleranceSeconds: own = 0 }] of Object.entries(policies)) {
    if (own > most)
      throw optionError(
        'policies',
        `has '${name}' with a clockToleranceSeconds of ${own}, and revocations are kept for ${most} ` +
          'seconds after the expiry of a token: a revoked one would pass again. ' +
          `Set clockToleranceSeconds to ${own} too`,
      )
  }
}

function httpToken(value: unknown, option: string): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && HTTP_TOKEN.test(value)) return value
  throw optionError(option, 'must be the name of a header or cookie')
}
