import { isIPv6 } from 'node:net'
import { optionError } from '../../validate.js'

/** The port of a Redis server, unless it is configured. */
export const DEFAULT_PORT = 6379
/** The port of a Sentinel, unless it is configured. */
export const DEFAULT_SENTINEL_PORT = 26_379
/** Highest database number that is accepted. A server has 16 databases, unless it is configured. */
export const MAX_DB = 99_999

/** A host name or IP address, without brackets, and a port. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
}

/** The place of a server and the login, from a URL, from options or from both. */
export interface ConnectionFields {
  readonly host?: string
  readonly port?: number
  readonly db?: number
  readonly username?: string
  readonly password?: string
  /** Path of a Unix socket. */
  readonly path?: string
  /** Options of `tls.connect`. `{}` means TLS without options. */
  readonly tls?: object
  readonly sentinels?: readonly RedisAddress[]
  /** The name by which the Sentinels know the master. */
  readonly name?: string
  readonly sentinelPassword?: string
  readonly nodes?: readonly RedisAddress[]
}

interface Access {
  readonly username: string | undefined
  readonly password: string | undefined
  /** The URL without user and password, for logs. */
  readonly description: string
}

/** A deployment of Redis in one of its forms. `tls`: undefined means no TLS, `{}` TLS without options. */
export type RedisTarget =
  | (Access & {
      readonly kind: 'single'
      readonly host: string
      readonly port: number
      readonly db: number
      readonly tls: object | undefined
    })
  | (Access & { readonly kind: 'socket'; readonly path: string; readonly db: number })
  | (Access & {
      readonly kind: 'cluster'
      readonly nodes: readonly RedisAddress[]
      readonly tls: object | undefined
    })
  | (Access & {
      readonly kind: 'sentinel'
      readonly sentinels: readonly RedisAddress[]
      readonly name: string
      readonly sentinelPassword: string | undefined
      readonly db: number
      readonly tls: object | undefined
    })

/** Fields that each form uses. Any other field is refused, since its user expects it to have an effect. */
const FIELDS_OF = {
  single: ['host', 'port', 'db', 'username', 'password', 'tls'],
  socket: ['path', 'db', 'username', 'password'],
  cluster: ['nodes', 'username', 'password', 'tls'],
  sentinel: ['sentinels', 'name', 'sentinelPassword', 'db', 'username', 'password', 'tls'],
} as const

/**
 * Finds the form of deployment that some fields describe.
 *
 * @throws {RevocadeError} ERR_CONFIG when a field is missing or does not belong to that form
 */
export function targetOf(fields: ConnectionFields): RedisTarget {
  const { username, password, db = 0, tls } = fields
  if (username !== undefined && password === undefined)
    throw optionError('redis.password', 'is missing: a username needs one')
  const access = { username, password }
  if (fields.path !== undefined) {
    refuseOthers(fields, 'socket', 'a socket path')
    return Object.freeze({
      ...access,
      kind: 'socket',
      path: fields.path,
      db,
      description: `unix://${fields.path}${db === 0 ? '' : `?db=${db}`}`,
    })
  }
  if (fields.sentinels !== undefined) {
    const { sentinels, name, sentinelPassword } = fields
    refuseOthers(fields, 'sentinel', 'Sentinels')
    if (name === undefined)
      throw optionError('redis.name', 'is missing: give the name by which the Sentinels know the master')
    const description = `${schemeOf(tls)}${listOf(sentinels)}/${name}${db === 0 ? '' : `/${db}`}`
    return Object.freeze({
      ...access,
      kind: 'sentinel',
      sentinels,
      name,
      sentinelPassword,
      db,
      tls,
      description,
    })
  }
  if (fields.nodes !== undefined) {
    const { nodes } = fields
    refuseOthers(fields, 'cluster', 'a cluster, which has one database')
    return Object.freeze({
      ...access,
      kind: 'cluster',
      nodes,
      tls,
      description: schemeOf(tls) + listOf(nodes),
    })
  }
  const { host = 'localhost', port = DEFAULT_PORT } = fields
  refuseOthers(fields, 'single', 'one server')
  return Object.freeze({
    ...access,
    kind: 'single',
    host,
    port,
    db,
    tls,
    description: `${schemeOf(tls)}${listOf([{ host, port }])}/${db}`,
  })
}

/** Parses `host`, `host:port`, `[ipv6]` and `[ipv6]:port`. Returns undefined for any other text. */
export function parseAddress(text: string, defaultPort: number): RedisAddress | undefined {
  const [, place = '', digits = ''] = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(text) ?? []
  const bracketed = place.startsWith('[')
  // In a URL, an encoded percent sign separates the zone of a link-local address (RFC 6874).
  const host = bracketed ? place.slice(1, -1).replace('%25', '%') : place
  const port = digits === '' ? defaultPort : Number(digits)
  if (!isHost(host) || bracketed !== isIPv6(host) || !isPort(port)) return undefined
  return Object.freeze({ host, port })
}

/** Whether a text can be a host name or an IP address. */
export function isHost(text: string): boolean {
  return isIPv6(text) || /^[\p{L}\p{N}_.-]{1,253}$/u.test(text)
}

/** Whether a number is a TCP port. */
export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535
}

/** Whether sentinel.conf accepts a text as the name of a master. */
export function isMasterName(text: string): boolean {
  return /^[\w.-]+$/.test(text)
}

function refuseOthers(fields: ConnectionFields, kind: keyof typeof FIELDS_OF, what: string): void {
  const accepted: readonly string[] = FIELDS_OF[kind]
  const stray = Object.entries(fields).find(
    ([name, value]) => value !== undefined && !accepted.includes(name),
  )
  if (stray !== undefined) throw optionError(`redis.${stray[0]}`, `does not go with ${what}`)
}

function schemeOf(tls: object | undefined): string {
  return tls === undefined ? 'redis://' : 'rediss://'
}

function listOf(addresses: readonly RedisAddress[]): string {
  return addresses.map(({ host, port }) => `${isIPv6(host) ? `[${host}]` : host}:${port}`).join(',')
}
