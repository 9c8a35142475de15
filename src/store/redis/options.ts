import { RevocadeError } from '../../errors.js'
import type { RedisClient } from '../../redis/connection/client.js'
import { readRedisOptions, type RedisOptions, type RedisSettings } from '../../redis/options.js'
import {
  booleanOption,
  integerOption,
  numberOption,
  oneOfOption,
  optionError,
  suggestionFor,
} from '../../validate.js'

/** Where the server is: a URL, or its parts, as in the option `redis` of an engine. */
export type RedisPlace = Omit<RedisOptions, 'client' | 'timeoutMs' | 'reads' | 'keyPrefix'>

/** Options of `RedisStore`. */
export interface RedisStoreOptions {
  /**
   * Start of the names of all keys: 1 to 64 characters without white space and braces. It is the hash tag, so
   * all of them are on one node of a cluster. In a URL: `?prefix=`.
   *
   * @default 'revocade'
   */
  readonly keyPrefix?: string | undefined
  /**
   * Whether a store that is not there is made. With `false` an engine refuses to start on a server that has
   * lost the store. In a URL: `?create=never`.
   *
   * @default true
   */
  readonly create?: boolean | undefined
  /**
   * - `demand`: the server must keep an append-only file, with `appendfsync` `always` or `everysec`, and say
   *   so
   * - `trust`: nothing is demanded of its disk. For services that are durable in another way, or that do not
   *   tell their settings. In a URL: `?durability=trust`
   *
   * @default 'demand'
   */
  readonly durability?: 'demand' | 'trust' | undefined
  /**
   * The number of replicas that must have a commit before it is acknowledged, 0 to 100. Not on a cluster. In
   * a URL: `?wait=1`.
   *
   * @default 0
   */
  readonly waitReplicas?: number | undefined
  /**
   * The number of milliseconds until a commit must be acknowledged; as many again to find out what became of
   * one whose answer was lost. 100 to 600,000.
   *
   * @default 5000
   */
  readonly writeTimeoutMs?: number | undefined
  /**
   * The number of milliseconds until a read must be answered. Afterwards its connection is closed. 50 to
   * 600,000.
   *
   * @default 1000
   */
  readonly readTimeoutMs?: number | undefined
}

/** The options after they were read. */
export interface RedisStoreSettings {
  readonly target: RedisSettings['target']
  /** The address without user and password. */
  readonly description: string
  readonly keyPrefix: string
  readonly create: boolean
  readonly durability: 'demand' | 'trust'
  readonly waitReplicas: number
  readonly writeTimeoutMs: number
  readonly readTimeoutMs: number
}

/**
 * Reads the place of the server and the options.
 *
 * @throws {RevocadeError} ERR_CONFIG when one of them can't be used; no message holds a password
 */
export function readRedisStoreOptions(
  place: string | RedisPlace | RedisClient,
  options: RedisStoreOptions,
): RedisStoreSettings {
  const { url, own } = typeof place === 'string' ? takeOwn(place) : { url: place, own: {} }
  const { keyPrefix = own.keyPrefix, create, durability = own.durability, waitReplicas } = options
  const { target, ...checked } = readPlace(url, keyPrefix)
  const replicas = integerOption(waitReplicas ?? own.waitReplicas, 'waitReplicas', [0, 100], 0)
  const isCluster =
    target.kind === 'cluster' || (target.kind === 'client' && target.client.isCluster === true)
  if (replicas > 0 && isCluster)
    throw optionError('waitReplicas', 'does not go with a cluster: WAIT would ask any of its nodes')
  return {
    target,
    description: target.kind === 'client' ? 'the client that was handed in' : target.description,
    keyPrefix: checked.keyPrefix,
    create: booleanOption(create ?? own.create, 'create', true),
    durability: oneOfOption(durability, 'durability', ['demand', 'trust'], 'demand'),
    waitReplicas: replicas,
    writeTimeoutMs: numberOption(options.writeTimeoutMs, 'writeTimeoutMs', [100, 600_000], 5000),
    readTimeoutMs: numberOption(options.readTimeoutMs, 'readTimeoutMs', [50, 600_000], 1000),
  }
}

/** The parameters of a URL that are ours; the Redis layer knows the others. */
type OwnParameters = Partial<Record<'keyPrefix' | 'durability', string>> & {
  readonly create?: boolean
  readonly waitReplicas?: number
}

const OWN: Readonly<Record<string, (value: string) => OwnParameters>> = {
  prefix: (value) => ({ keyPrefix: value }),
  durability: (value) => ({ durability: value }),
  create: (value) => {
    if (value !== 'never') throw optionError('store', "has a parameter 'create' that is not 'never'")
    return { create: false }
  },
  wait: (value) => ({ waitReplicas: /^\d+$/.test(value) ? Number(value) : Number.NaN }),
}

/** Of the place of the server. Which of them go with which form, the Redis layer knows. */
const OF_THE_PLACE = ['sentinelPassword', 'db']

function takeOwn(text: string): { readonly url: string; readonly own: OwnParameters } {
  const mark = text.indexOf('?')
  if (mark < 0) return { url: text, own: {} }
  const rest: string[] = []
  let own: OwnParameters = {}
  for (const pair of text.slice(mark + 1).split('&')) {
    const [name = '', value = ''] = pair.split('=', 2)
    const read = Object.hasOwn(OWN, name) ? OWN[name] : undefined
    if (read !== undefined) own = { ...own, ...read(value) }
    else if (pair === '' || OF_THE_PLACE.includes(name)) rest.push(pair)
    else {
      const known = suggestionFor(name, [...Object.keys(OWN), ...OF_THE_PLACE])
      throw optionError('store', `is a URL with an unknown parameter (a ? in a password is %3F): ${known}`)
    }
  }
  const address = text.slice(0, mark)
  return { url: rest.length === 0 ? address : `${address}?${rest.join('&')}`, own }
}

function readPlace(place: string | RedisPlace | RedisClient, keyPrefix: string | undefined): RedisSettings {
  try {
    const { target } = readRedisOptions(place)
    return readRedisOptions(
      target.kind === 'client' ? { client: target.client, keyPrefix } : { ...asFields(place), keyPrefix },
    )
  } catch (error) {
    // The Redis layer speaks of its own option.
    if (!(error instanceof RevocadeError)) throw error
    throw new RevocadeError(error.code, error.message.replace(/^(option|unknown) '?redis\b/, "$1 'store"))
  }
}

const asFields = (place: string | RedisPlace | RedisClient): object =>
  typeof place === 'string' ? { url: place } : place
