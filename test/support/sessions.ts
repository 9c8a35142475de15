import { join } from 'node:path'
import type { Revocade, RevocadeOptions } from 'revocade'
import {
  createSessions,
  type Issued,
  type SessionEvent,
  type Sessions,
  type SessionsOptions,
} from '#dist/sessions/index.js'
import { MemoryStore } from '#dist/testing/index.js'
import { open } from './engine.js'
import { temporaryDirectory } from './temp.js'
import { ManualClock } from './time.js'

export const DAY_SECONDS = 86_400
export const ACCESS_SECONDS = 600

/** An engine with sessions, and what they told. */
export interface World {
  readonly revocade: Revocade
  readonly sessions: Sessions
  readonly events: SessionEvent[]
  readonly clock: ManualClock
  /** Another engine on the same store, as in another process. */
  readonly other: (options?: SessionsOptions) => Promise<World>
}

export interface WorldOptions {
  readonly options?: SessionsOptions
  readonly engine?: RevocadeOptions
  /** Makes a store that shares the data of the one before. Default: in memory. */
  readonly connect?: () => RevocadeOptions['store']
  readonly clock?: ManualClock
}

/** Sessions on a clock that the test sets. */
export async function openWorld({
  options,
  engine,
  connect = memory(),
  clock = new ManualClock(),
}: WorldOptions = {}): Promise<World> {
  const revocade = await open({
    store: connect(),
    clock,
    maxTokenLifetimeSeconds: 90 * DAY_SECONDS,
    claims: ['sid', 'sub', ['sid', 'client_id']],
    ...engine,
  })
  const events: SessionEvent[] = []
  const sessions = createSessions(revocade, {
    accessTokenSeconds: ACCESS_SECONDS,
    onEvent: (event) => events.push(event),
    ...options,
  })
  const other = (more?: SessionsOptions): Promise<World> =>
    openWorld({
      options: { ...options, ...more },
      connect,
      clock,
      ...(engine === undefined ? {} : { engine }),
    })
  return { revocade, sessions, events, clock, other }
}

/** Stores on the same data in memory. */
export function memory(first = new MemoryStore()): () => MemoryStore {
  let isFirst = true
  return () => {
    if (!isFirst) return new MemoryStore(first)
    isFirst = false
    return first
  }
}

/** Stores on the same new file. */
export function sqlite(): () => string {
  const path = join(temporaryDirectory(), 'store.db')
  return () => path
}

/** By name: where sessions can be kept. Each call is another place. */
export const STORES: readonly (readonly [string, () => () => RevocadeOptions['store']])[] = [
  ['MemoryStore', memory],
  ['SQLite', sqlite],
]

/** The access token that an application signs beside a refresh token. */
export const accessToken = ({ claims }: Pick<Issued, 'claims'>, jti = 'access') => ({
  ...claims,
  jti,
  exp: claims.iat + ACCESS_SECONDS,
})

/** Why a refresh or a login was refused; 'taken' if it was not. */
export async function fate(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'taken',
    (error: unknown) => {
      if (typeof error === 'object' && error !== null && 'reason' in error) return error.reason
      throw error
    },
  )
}

/** All of a list. */
export async function sidsOf(sessions: Sessions, where: Parameters<Sessions['list']>[0]): Promise<string[]> {
  const sids: string[] = []
  for await (const { sid } of sessions.list(where)) sids.push(sid)
  return sids
}
