import { asRecord, optionError, rejectUnknownKeys } from '../../validate.js'
import {
  type ConnectionFields,
  DEFAULT_PORT,
  DEFAULT_SENTINEL_PORT,
  isHost,
  isMasterName,
  isPort,
  MAX_DB,
  parseAddress,
  type RedisAddress,
} from './endpoint.js'

/** Longest text of an option, in UTF-16 code units: no URL, path or password in use is longer. */
const MAX_TEXT = 4096

/** Checks the value of each field. An option `tls: false` gives no field. */
const READERS = {
  host: (value) => ({ host: hostOption(value, 'redis.host') }),
  port: (value) => ({ port: portOption(value, 'redis.port') }),
  db: (value) => ({ db: databaseOption(value, 'redis.db') }),
  username: (value) => ({ username: textOption(value, 'redis.username') }),
  password: (value) => ({ password: textOption(value, 'redis.password') }),
  path: (value) => ({ path: textOption(value, 'redis.path') }),
  tls: (value) => tlsOption(value),
  sentinels: (value) => ({ sentinels: addressesOption(value, 'redis.sentinels', DEFAULT_SENTINEL_PORT) }),
  name: (value) => ({ name: masterNameOption(value, 'redis.name') }),
  sentinelPassword: (value) => ({ sentinelPassword: textOption(value, 'redis.sentinelPassword') }),
  nodes: (value) => ({ nodes: addressesOption(value, 'redis.nodes', DEFAULT_PORT) }),
} satisfies { readonly [name in keyof ConnectionFields]-?: (value: unknown) => ConnectionFields }

/** The name of an option that says where the server is, or how to log in. */
export type ConnectionFieldName = keyof typeof READERS

/** The names of all connection fields. */
export const CONNECTION_FIELD_NAMES: readonly ConnectionFieldName[] = [
  'host',
  'port',
  'db',
  'username',
  'password',
  'path',
  'tls',
  'sentinels',
  'name',
  'sentinelPassword',
  'nodes',
]

/**
 * Checks each connection field by itself. {@link targetOf} checks which fields go together.
 *
 * @param names - the fields that are given
 * @throws {RevocadeError} ERR_CONFIG when a value is not valid
 */
export function readConnectionFields(
  given: Readonly<Record<string, unknown>>,
  names: readonly ConnectionFieldName[],
): ConnectionFields {
  return names.reduce<ConnectionFields>((fields, name) => ({ ...fields, ...READERS[name](given[name]) }), {})
}

/** A string of 1 to 4,096 code units, or `ERR_CONFIG`. */
export function textOption(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= MAX_TEXT) return value
  throw optionError(name, 'must be a string, and not an empty one')
}

/** Whether a value is an object literal, and no array and no instance of a class. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // An object literal of another realm has another Object.prototype, which has no prototype either.
  return prototype === null || (typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null)
}

function tlsOption(tls: unknown): ConnectionFields {
  if (tls === true) return { tls: {} }
  if (isPlainObject(tls)) return { tls: Object.freeze({ ...tls }) }
  if (tls !== false) throw optionError('redis.tls', 'must be true, false or options of tls.connect')
  return {}
}

function addressesOption(value: unknown, name: string, defaultPort: number): readonly RedisAddress[] {
  if (!Array.isArray(value) || value.length === 0)
    throw optionError(name, "must be an array of { host, port } or 'host:port', and not an empty one")
  return Object.freeze(value.map((entry: unknown) => addressOption(entry, name, defaultPort)))
}

function addressOption(entry: unknown, name: string, defaultPort: number): RedisAddress {
  if (typeof entry === 'string') {
    const address = parseAddress(entry, defaultPort)
    if (address === undefined) throw optionError(name, "has an entry that is not 'host:port'")
    return address
  }
  const given = asRecord(entry, `an entry of option '${name}'`)
  rejectUnknownKeys(given, ['host', 'port'], `key of an entry of option '${name}'`)
  return Object.freeze({
    host: hostOption(given.host, `${name} host`),
    port: given.port === undefined ? defaultPort : portOption(given.port, `${name} port`),
  })
}

function hostOption(value: unknown, name: string): string {
  const host = textOption(value, name)
  if (isHost(host)) return host
  throw optionError(name, 'must be a host name or an IP address')
}

function masterNameOption(value: unknown, name: string): string {
  const master = textOption(value, name)
  if (isMasterName(master)) return master
  throw optionError(name, 'may hold letters, digits and . - _ only')
}

function portOption(value: unknown, name: string): number {
  if (typeof value === 'number' && isPort(value)) return value
  throw optionError(name, 'must be a whole number from 1 to 65535')
}

function databaseOption(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_DB) return value
  throw optionError(name, `must be a whole number from 0 to ${MAX_DB}`)
}
