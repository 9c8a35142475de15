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
  type RedisTarget,
  targetOf,
} from './endpoint.js'

/**
 * The forms of a Redis URL:
 *
 * | form | | | --- | --- | | `redis://[user:password@]host[:port][/db]` | one server; the port is 6379 where
 * it is left out | | `redis://[…@]s1[:port],s2[:port]/name[/db]` | the master that Sentinels know by that
 * name; their port is 26379 where it is left out | | `redis://[…@]n1[:port],n2[:port]` | a cluster, by some
 * of its nodes | | `/path`, `unix:///path[?db=1]`, also `redis+unix:` and `redis+socket:` | a Unix socket |
 *
 * `rediss:` is TLS. User and password are percent-encoded where they hold reserved characters; IPv6 hosts
 * stand in brackets. `?sentinelPassword=…` is what the Sentinels ask for.
 *
 * Errors (`ERR_CONFIG`) say what is wrong and never repeat any of the URL: which part of a misspelt one is
 * the password is anybody's guess.
 */
export function parseRedisUrl(url: string): RedisTarget {
  return targetOf(fieldsOfUrl(url))
}

/** What a URL says, and nothing that it leaves out. */
export function fieldsOfUrl(url: string): ConnectionFields {
  if (/[\s\p{Cc}]/u.test(url)) throw urlError('has white space or control characters in it')
  if (url.startsWith('/')) return socketPath(url)
  const { scheme = '', authority = '', path = '', query = '' } = PARTS.exec(url)?.groups ?? {}
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

/** The parts of RFC 3986; but several hosts may stand where one would, which is why `URL` can't read it. */
const PARTS = /^(?<scheme>[a-z+]+):\/\/(?<authority>[^/?#]*)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/i

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
    const [{ host, port }] = addresses(places, DEFAULT_PORT)
    if (steps.length > 1) throw urlError('has more than a database number after the host')
    queryOf(query, [])
    return first === undefined ? { host, port } : { host, port, db: database(first) }
  }
  if (first === undefined) {
    queryOf(query, [])
    return { nodes: addresses(places, DEFAULT_PORT) }
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
    sentinels: addresses(places, DEFAULT_SENTINEL_PORT),
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

function addresses(
  places: readonly string[],
  defaultPort: number,
): readonly [RedisAddress, ...RedisAddress[]] {
  const [first, ...others] = places.map((place) => {
    const address = parseAddress(place, defaultPort)
    if (address !== undefined) return address
    throw urlError(
      "has a host or port that can't be (reserved characters in a password must be percent-encoded: / is %2F, @ is %40)",
    )
  })
  return Object.freeze([first, ...others] as const)
}

function database(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= MAX_DB) return Number(text)
  throw urlError(
    'must have a database number after the host, or several hosts and a name: redis://localhost:6379/0, redis://s1:26379,s2:26379/mymaster',
  )
}

/**
 * The parameters after `?`, of which `known` are accepted. A plus sign is a plus sign: passwords have them.
 */
function queryOf<K extends string>(query: string, known: readonly K[]): { readonly [name in K]?: string } {
  const found: { [name in K]?: string } = {}
  for (const pair of query === '' ? [] : query.split('&')) {
    const equals = pair.indexOf('=')
    const name = known.find((accepted) => accepted === pair.slice(0, Math.max(0, equals)))
    if (name === undefined)
      throw urlError(
        `has a parameter that is not accepted there; ${known.length === 0 ? 'none is' : `known: ${known.join(', ')}`}`,
      )
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
