import type { RevocadeError } from '../../errors.js'
import { optionError } from '../../validate.js'
import {
  type ConnectionFields,
  DEFAULT_PORT,
  DEFAULT_SENTINEL_PORT,
  isMasterName,
  MAX_DB,
  parseAddress,
  type RedisAddress,
} from './endpoint.js'

/**
 * Parses a Redis URL. Fields that it leaves out are not set. The forms:
 *
 * - `redis://[user:password@]host[:port][/db]`: one server; the default port is 6379
 * - `redis://[…@]s1[:port],s2[:port]/name[/db]`: the master that these Sentinels know by that name; their
 *   default port is 26379, their password `?sentinelPassword=…`
 * - `redis://[…@]n1[:port],n2[:port]`: a cluster, by some of its nodes
 * - `/path`, `unix:///path[?db=1]`, also with `redis+unix:` and `redis+socket:`: a Unix socket
 *
 * `rediss:` means TLS. Reserved characters in the user and the password are percent-encoded. IPv6 addresses
 * are written in brackets.
 *
 * @throws {RevocadeError} ERR_CONFIG when the URL has none of the forms. The message repeats no part of the
 *   URL, since any part of a misspelt URL may be the password
 */
export function parseRedisUrl(url: string): ConnectionFields {
  if (/[\s\p{Cc}]/u.test(url)) throw urlError('has white space or control characters in it')
  if (url.startsWith('/')) return socketPath(url)
  const { scheme, authority, path, query } = partsOf(url)
  const at = authority.lastIndexOf('@')
  const login = at < 0 ? {} : loginOf(authority.slice(0, at))
  const place = authority.slice(at + 1)
  switch (scheme.toLowerCase()) {
    case 'redis':
      return { ...login, ...serverOf(place.split(','), path, query) }
    case 'rediss':
      return { ...login, ...serverOf(place.split(','), path, query), tls: {} }
    case 'unix':
    case 'redis+unix':
    case 'redis+socket':
      if (place !== '')
        throw urlError('of a socket has three slashes before the path: unix:///run/redis.sock')
      return { ...login, ...socketOf(path, query) }
    default:
      throw urlError(`must have one of these forms: ${FORMS}`)
  }
}

const FORMS = [
  'redis://[user:password@]host[:port][/db]',
  'rediss://… for TLS',
  'redis://s1:26379,s2:26379/mymaster for Sentinel',
  'redis://n1:6379,n2:6379 for a cluster',
  '/run/redis.sock or unix:///run/redis.sock?db=1 for a socket',
].join(', ')

/** The parts of RFC 3986. The class `URL` can't parse them, since it refuses several hosts. */
const PARTS = /^(?<scheme>[a-z+]+):\/\/(?<authority>[^/?#]*)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/i

/** Parts that are missing are empty, and all are if the URL is none. */
function partsOf(url: string): Record<'scheme' | 'authority' | 'path' | 'query', string> {
  const { scheme = '', authority = '', path = '', query = '' } = PARTS.exec(url)?.groups ?? {}
  return { scheme, authority, path, query }
}

function loginOf(text: string): ConnectionFields {
  const colon = text.indexOf(':')
  if (colon < 0)
    throw urlError('must have user and password as user:password@, or a password alone as :password@')
  const username = decoded(text.slice(0, colon))
  const password = decoded(text.slice(colon + 1))
  if (username !== '') return { username, password }
  if (password === '') throw urlError('has neither user nor password before the @')
  return { password }
}

function serverOf(places: readonly string[], path: string, query: string): ConnectionFields {
  const steps = path.split('/').slice(1)
  if (steps.at(-1) === '') steps.pop()
  const [first, second] = [steps.at(0), steps.at(1)]
  if (places.length === 1) {
    const { host, port } = addressOf(places.join(), DEFAULT_PORT)
    if (steps.length > 1) throw urlError('has more than a database number after the host')
    queryOf(query, [])
    return first === undefined ? { host, port } : { host, port, db: database(first) }
  }
  if (first === undefined) {
    queryOf(query, [])
    return { nodes: addressesOf(places, DEFAULT_PORT) }
  }
  const name = decoded(first)
  if (steps.length > 2 || !isMasterName(name))
    throw urlError(
      'must have the name of the master after the Sentinels: redis://s1:26379,s2:26379/mymaster[/db]',
    )
  if (/^\d+$/.test(name))
    throw urlError('has several hosts and a number: a cluster has one database only, and Sentinels a name')
  const { sentinelPassword } = queryOf(query, ['sentinelPassword'])
  return {
    sentinels: addressesOf(places, DEFAULT_SENTINEL_PORT),
    name,
    ...(second === undefined ? {} : { db: database(second) }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
  }
}

function socketPath(path: string): ConnectionFields {
  if (/[?#]/.test(path))
    throw urlError('with more than a path of a socket must be written unix:///run/redis.sock?db=1')
  return { path }
}

function socketOf(path: string, query: string): ConnectionFields {
  const file = decoded(path)
  if (!/^\/[^\p{Cc}]+$/u.test(file)) throw urlError('has no path of a socket: unix:///run/redis.sock')
  const { db } = queryOf(query, ['db'])
  return { path: file, ...(db === undefined ? {} : { db: database(db) }) }
}

function addressesOf(places: readonly string[], defaultPort: number): readonly RedisAddress[] {
  return Object.freeze(places.map((place) => addressOf(place, defaultPort)))
}

function addressOf(place: string, defaultPort: number): RedisAddress {
  const address = parseAddress(place, defaultPort)
  if (address !== undefined) return address
  throw urlError(
    "has a host or port that can't be: " +
      'percent-encode reserved characters in the password, / as %2F and @ as %40',
  )
}

function database(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= MAX_DB) return Number(text)
  throw urlError(
    'must have a database number after the host, or several hosts and a name: ' +
      'redis://localhost:6379/0, redis://s1:26379,s2:26379/mymaster',
  )
}

/** Parses the parameters after `?`. A plus sign stays one, since passwords contain them. */
function queryOf<K extends string>(query: string, known: readonly K[]): { readonly [name in K]?: string } {
  const found: { [name in K]?: string } = {}
  for (const pair of query === '' ? [] : query.split('&')) {
    const equals = pair.indexOf('=')
    const name = known.find((accepted) => accepted === pair.slice(0, Math.max(0, equals)))
    if (name === undefined) {
      const hint = known.length === 0 ? '' : `, which takes ${known.join(', ')}`
      throw urlError(`has a parameter that does not go with this form of URL${hint}`)
    }
    if (found[name] !== undefined) throw urlError(`says ${name} twice`)
    found[name] = decoded(pair.slice(equals + 1))
  }
  return found
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw urlError('has a % that is not followed by two hexadecimal digits of UTF-8 (a % itself is %25)')
  }
}

function urlError(problem: string): RevocadeError {
  return optionError('redis', `is a URL that ${problem}`)
}
