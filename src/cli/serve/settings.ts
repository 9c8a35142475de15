import { claimsFromText, idClaimsFromText } from '../../claims-option.js'
import { CliError } from '../errors.js'

/** How the text of a flag or an environment variable is read. */
export type Kind = 'text' | 'number' | 'boolean' | 'list' | 'claims' | 'idClaims' | 'json'

/** One option of `serve`: a name in the file, an environment variable, and a flag unless it is a secret. */
export interface Setting {
  readonly name: string
  readonly kind: Kind
  readonly help: string
  /** A secret has no flag: arguments can be seen by every user of the machine. */
  readonly secret?: true
  /** Where the variable is not named by the rule. */
  readonly variable?: string
}

/** The options of the server itself. */
export const SERVER_SETTINGS: readonly Setting[] = [
  { name: 'listen', kind: 'text', help: 'where proxies ask (default: 127.0.0.1:8521)' },
  { name: 'adminListen', kind: 'text', help: 'where admins and monitoring ask (default: 127.0.0.1:8522)' },
  { name: 'policies', kind: 'json', help: 'policies by name: {"public":{"required":false}}' },
  { name: 'tokenHeader', kind: 'text', help: 'a header that may have a token too' },
  { name: 'tokenCookie', kind: 'text', help: 'a cookie that may have a token too' },
  { name: 'jwks', kind: 'text', help: 'verify signatures: URL or file of a JSON Web Key Set' },
  { name: 'hmacSecret', kind: 'text', help: 'verify signatures of HS256, HS384, HS512', secret: true },
  { name: 'issuer', kind: 'list', help: 'accepted issuers of verified tokens' },
  { name: 'audience', kind: 'list', help: 'accepted audiences of verified tokens' },
  { name: 'algorithms', kind: 'list', help: 'accepted algorithms of verified tokens' },
  { name: 'admins', kind: 'json', help: 'who may use /revocations', secret: true },
  { name: 'adminToken', kind: 'text', help: "the token of one admin, named 'admin'", secret: true },
  { name: 'clients', kind: 'json', help: 'OAuth clients of /revoke and /introspect', secret: true },
  { name: 'revocationsPerMinute', kind: 'number', help: 'limit of one OAuth client (default: 6000)' },
  {
    name: 'introspectionMaxAgeSeconds',
    kind: 'number',
    help: "the greatest 'exp' of an introspection, from now",
  },
  { name: 'bulkBytes', kind: 'number', help: 'limit of one bulk request (default: 67108864)' },
  { name: 'drainSeconds', kind: 'number', help: 'seconds that /readyz says 503 before the end (default: 0)' },
  {
    name: 'shutdownSeconds',
    kind: 'number',
    help: 'seconds that requests under way may take then (default: 10)',
  },
  {
    name: 'logLevel',
    kind: 'text',
    help: 'fatal, error, warn, info, debug, trace or silent (default: info)',
  },
]

/** The options of the engine, docs/options.md has them. */
export const ENGINE_SETTINGS: readonly Setting[] = [
  { name: 'store', kind: 'text', help: 'the SQLite file, postgres://user@host/db or redis://host' },
  { name: 'namespace', kind: 'text', help: "the tenant (default: 'default')" },
  { name: 'secret', kind: 'text', help: 'the digest key', secret: true },
  { name: 'redis', kind: 'text', help: 'the Redis of your services', variable: 'REVOCADE_REDIS_URL' },
  { name: 'redisPrefix', kind: 'text', help: 'what the names of its keys begin with (default: revocade)' },
  { name: 'claims', kind: 'claims', help: 'selectors that checks honour (default: sid,sub)' },
  { name: 'idClaims', kind: 'idClaims', help: 'the first of these that a token has names it (default: jti)' },
  { name: 'maxStalenessMs', kind: 'number', help: 'milliseconds until other engines know (default: 1000)' },
  {
    name: 'onUnknown',
    kind: 'text',
    help: 'throw, revoked or active, when nothing can decide (default: throw)',
  },
  {
    name: 'maxTokenLifetimeSeconds',
    kind: 'number',
    help: 'the longest life of a token: how long selectors hold',
  },
  {
    name: 'issuerClockAheadSeconds',
    kind: 'number',
    help: "how far ahead the issuer's clock may be (default: 0)",
  },
  {
    name: 'clockToleranceSeconds',
    kind: 'number',
    help: "the tolerance of your verifiers for 'exp' (default: 60)",
  },
  { name: 'exclusive', kind: 'boolean', help: 'this process alone owns the SQLite file (default: false)' },
  { name: 'prefilter', kind: 'json', help: 'kind and size of the prefilter: {"kind":"bloom"}' },
  { name: 'maxTokenBytes', kind: 'number', help: 'the longest token (default: 16384)' },
  { name: 'cacheEntries', kind: 'number', help: 'entries of the verdict cache (default: 10000)' },
  { name: 'snapshot', kind: 'boolean', help: 'keep a snapshot of the prefilter (default: true)' },
]

/** The environment variable of a setting: `REVOCADE_ADMIN_LISTEN`. */
export const variableOf = ({ name, variable }: Setting): string =>
  variable ?? `REVOCADE_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`

/** The flag of a setting: `--admin-listen`. */
export const flagOf = ({ name }: Setting): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/**
 * Reads the text of a flag or variable. What is not of its kind is handed on as it is: the server refuses it
 * by the name of the option, without the value.
 *
 * @throws {CliError} ERR_USAGE for JSON that is none
 * @throws {RevocadeError} ERR_CONFIG for claims that are not separated by commas
 */
export function valueOf(setting: Setting, text: string): unknown {
  switch (setting.kind) {
    case 'number':
      return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'list':
      return text.split(',').map((name) => name.trim())
    case 'claims':
      return claimsFromText(text)
    case 'idClaims':
      return idClaimsFromText(text)
    case 'json':
      return parsed(text, setting)
    default:
      return text
  }
}

function parsed(text: string, setting: Setting): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The message of JSON.parse quotes the text, which may be a secret.
    throw new CliError('ERR_USAGE', `the option '${setting.name}' must be JSON`)
  }
}
