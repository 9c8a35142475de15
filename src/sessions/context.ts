import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { EngineInternals } from '../engine/internals.js'
import type {
  MaybePromise,
  SessionCondition,
  SessionGroup,
  SessionStore,
  StoredSession,
} from '../ports/index.js'
import { isPromise } from '../ports/is-promise.js'
import type { EndReason, SessionEvent } from './api.js'
import { AT_ONCE } from './in-turns.js'
import { LiveRevocations } from './live-revocations.js'
import { readSessionsOptions, requireSessionStore, type SessionsSettings } from './options.js'
import { RefreshTokens } from './refresh-token.js'
import { Salts } from './salts.js'
import { type Family, readFamily, sessionOf } from './state.js'

/** The sessions of a user or a login. */
export interface Group {
  /** Oldest first, whether they have ended or not. */
  readonly families: readonly Family[]
  /** That all of them are still as they were read. */
  readonly unchanged: SessionCondition
}

/** What all operations on sessions share. */
export class SessionsContext {
  readonly engine: EngineInternals
  readonly options: SessionsSettings
  readonly sessions: SessionStore
  readonly tokens: RefreshTokens
  readonly revocations: LiveRevocations
  readonly salts: Salts

  readonly pause: (ms: number) => Promise<unknown>

  /**
   * @param pause - waits so many milliseconds
   * @throws {RevocadeError} ERR_CONFIG when an option is not valid, or the engine does not fit
   */
  constructor(engine: EngineInternals, options: object, pause: SessionsContext['pause'] = sleep) {
    this.pause = pause
    const { settings } = engine
    this.engine = engine
    this.options = readSessionsOptions(options, engine)
    this.sessions = requireSessionStore(engine)
    this.tokens = new RefreshTokens(engine.key, settings.namespace)
    this.revocations = new LiveRevocations(engine)
    this.salts = new Salts(this.sessions, settings.clock, settings.logger)
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Math.floor(this.engine.settings.clock.now())
  }

  /** At once, without a promise, where the store answers at once. */
  family(id: Uint8Array): MaybePromise<Family | undefined> {
    const row = this.sessions.get(id)
    return isPromise(row) ? row.then(readIfAny) : readIfAny(row)
  }

  /** All that are stored. They are read page by page: whatever is written meanwhile fails the condition. */
  async group(group: SessionGroup): Promise<Group> {
    const first = await this.sessions.list(group, undefined, AT_ONCE)
    const families = first.rows.map(readFamily)
    for (let { next } = first; next !== undefined;) {
      await nextTurn()
      const page = await this.sessions.list(group, next, AT_ONCE)
      for (const row of page.rows) families.push(readFamily(row))
      next = page.next
    }
    const unchanged = { group, rows: families.length, newest: first.version }
    return { families: families.toSorted(byAge), unchanged }
  }

  /** Tells of what is durable. */
  emit(event: SessionEvent): void {
    const failed = (error: unknown): void =>
      this.engine.settings.logger.warn({ err: error }, 'onEvent of the sessions failed')
    try {
      // It may be an async function, whose rejection would end the process.
      Promise.resolve(this.options.onEvent?.(event)).catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  emitEnded(ended: readonly Family[], why: EndReason): void {
    for (const family of ended) this.emit({ type: 'ended', session: sessionOf(family), why })
  }
}

const readIfAny = (row: StoredSession | undefined): Family | undefined =>
  row === undefined ? undefined : readFamily(row)

/** That a session is still as it was read. */
export const isUnchanged = ({ family, version }: Pick<Family, 'family' | 'version'>): SessionCondition => ({
  family,
  version,
})

/** Orders sessions, the oldest first. */
export const byAge = (a: Family, b: Family): number =>
  a.createdAt - b.createdAt || Buffer.compare(a.family, b.family)
