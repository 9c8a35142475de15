import type { TcpProxy } from '../../support/redis/proxy.js'
import type { RedisServer } from '../../support/redis/server.js'
import type { Peers } from './peers.js'

/** The stores of the matrix. */
export const STORE_KINDS = ['sqlite', 'postgres', 'redis'] as const
export type StoreKind = (typeof STORE_KINDS)[number]
/** What serves as the prefix cache before them. */
export const REDIS_KINDS = ['none', 'single', 'sentinel', 'cluster'] as const
export type RedisKind = (typeof REDIS_KINDS)[number]

/** One combination: where a fault applies, and what is expected of it, goes by this. */
export interface Cell {
  readonly store: StoreKind
  readonly redis: RedisKind
}

interface AnyStore {
  /** What the peers open: a path or a URL. */
  readonly location: string
  /** Copies what it holds. The answer puts the copy in its place, under running engines. */
  backup(): Promise<() => Promise<void>>
}

/** A file, reached by a symbolic link. */
export interface FileStore extends AnyStore {
  readonly kind: 'sqlite'
  /** A consistent copy beside it, some rounds old perhaps: its path. */
  oldCopy(): Promise<string>
}

/** A server, reached by way of a proxy. */
export interface ServerStore extends AnyStore {
  readonly kind: 'postgres' | 'redis'
  readonly proxy: TcpProxy
  kill(): Promise<void>
  restart(): Promise<void>
  suspend(suspended: boolean): void | Promise<void>
  /** Has a standby take its place, without the last commits. Resolves once the former primary follows it. */
  failOver(pauseMs: number): Promise<void>
}

export type Store = FileStore | ServerStore

/** The Redis of the option `redis`. */
export interface PrefixRedis {
  readonly kind: RedisKind
  readonly url: string | undefined
  readonly servers: readonly RedisServer[]
}

/** Random choices that a seed decides. */
export interface Chance {
  readonly below: (n: number) => number
  readonly chance: (probability: number) => boolean
}

/** What a fault is done to. */
export interface Scene {
  readonly store: Store
  readonly redis: PrefixRedis
  readonly peers: Peers
  readonly random: Chance
}

/** A number between two, fractions included. */
export const between = ({ random }: Scene, from: number, to: number): number =>
  from + (random.below(1000) / 1000) * (to - from)

/** A peer, by its number. */
export const someone = ({ random, peers }: Scene): number => random.below(peers.size)

/** The store of a fault that applies to files only. */
export function fileOf({ store }: Scene): FileStore {
  if (store.kind !== 'sqlite') throw new TypeError('this fault is one of files')
  return store
}

/** The store of a fault that applies to servers only. */
export function serverOf({ store }: Scene): ServerStore {
  if (store.kind === 'sqlite') throw new TypeError('this fault is one of servers')
  return store
}

/** The server of the prefix cache that takes writes, or one of those that do. */
export async function servingRedis({ redis, random }: Scene): Promise<RedisServer> {
  const roles = await Promise.all(
    redis.servers.map((server) =>
      server.command('ROLE').then(
        (role) => (Array.isArray(role) ? String(role[0]) : ''),
        () => '',
      ),
    ),
  )
  const masters = redis.servers.filter((_, i) => roles[i] === 'master')
  const serving = masters[random.below(masters.length)]
  if (serving === undefined) throw new Error('no Redis takes writes')
  return serving
}
