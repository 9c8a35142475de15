import { isIPv6 } from 'node:net'
import { optionError } from '../../validate.js'

export const DEFAULT_PORT = 6379
export const DEFAULT_SENTINEL_PORT = 26_379
/** Servers have 16 databases unless they were told otherwise. */
export const MAX_DB = 99_999

export interface RedisAddress {
  readonly host: string
  readonly port: number
}

/** What says where a server is and how to come in, by whichever way it was given: a URL, options, both. */
export interface ConnectionFields {
  readonly host?: string
  readonly port?: number
  readonly db?: number
  readonly username?: string
  readonly password?: string
  /** Of a Unix socket. */
  readonly path?: string
  /** TLS, with options of node:tls or without any. */
  readonly tls?: object
  readonly sentinels?: readonly RedisAddress[]
  /** What the Sentinels call the group. */
  readonly name?: string
  readonly sentinelPassword?: string
  readonly nodes?: readonly RedisAddress[]
}

interface Access {
  readonly username: string | undefined
  readonly password: string | undefined
  /** For people: the URL without user and password. */
  readonly description: string
}

/**
 * Where the keys are, in one of the forms that a deployment of Redis takes. `tls`: undefined is none, `{}` is
 * plain TLS.
 */
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

/**
 * What goes together. A field that would be ignored is refused: whoever gave it believes that it does
 * something.
 */
const FIELDS_OF = {
  single: ['host', 'port', 'db', 'username', 'password', 'tls'],
  socket: ['path', 'db', 'username', 'password'],
  cluster: ['nodes', 'username', 'password', 'tls'],
  sentinel: ['sentinels', 'name', 'sentinelPassword', 'db', 'username', 'password', 'tls'],
} as const

/** The form that some fields make. Throws `ERR_CONFIG` where they make none, or more than one. */
export function targetOf(fields: ConnectionFields): RedisTarget {
  const { username, password, db = 0, tls } = fields
  if (username !== undefined && password === undefined)
    throw optionError('redis.password', 'is missing: there is a username')
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
      throw optionError('redis.name', 'is missing: what do the Sentinels call the master?')
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

/** `host`, `host:port`, `[ipv6]`, `[ipv6]:port`; undefined where it is none of them. */
export function parseAddress(text: string, defaultPort: number): RedisAddress | undefined {
  const [, place = '', digits = ''] = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(text) ?? []
  const bracketed = place.startsWith('[')
  // The zone of a link-local address is set off by an encoded percent sign in a URL (RFC 6874).
  const host = bracketed ? place.slice(1, -1).replace('%25', '%') : place
  const port = digits === '' ? defaultPort : Number(digits)
  if (!isHost(host) || bracketed !== isIPv6(host) || !isPort(port)) return undefined
  return Object.freeze({ host, port })
}

export function isHost(text: string): boolean {
  return isIPv6(text) || /^[\p{L}\p{N}_.-]{1,253}$/u.test(text)
}

export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535
}

/** What sentinel.conf accepts as the name of a master. */
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
