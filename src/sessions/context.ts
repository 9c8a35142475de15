import { setTimeout as sleep } from 'node:timers/promises'
import type { EngineInternals } from '../engine/internals.js'
import type { SessionCondition, SessionGroup, SessionStore } from '../ports/index.js'
import type { EndReason, SessionEvent } from './api.js'
import { LiveRevocations } from './live-revocations.js'
import { readSessionsOptions, requireSessionStore, type SessionsSettings } from './options.js'
import { RefreshTokens } from './refresh-token.js'
import { Salts } from './salts.js'
import { type Family, readFamily, sessionOf } from './state.js'

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

  async family(id: Uint8Array): Promise<Family | undefined> {
    const row = await this.sessions.get(id)
    return row === undefined ? undefined : readFamily(row)
  }

  /** All that are stored, oldest first, whether they have ended or not. */
  async group(group: SessionGroup): Promise<readonly Family[]> {
    return (await this.sessions.list(group)).map(readFamily)
  }

  /** Tells of what is durable. */
  emit(event: SessionEvent): void {
    try {
      this.options.onEvent?.(event)
    } catch (error) {
      this.engine.settings.logger.warn({ err: error }, 'onEvent of the sessions failed')
    }
  }

  emitEnded(ended: readonly Family[], why: EndReason): void {
    for (const family of ended) this.emit({ type: 'ended', session: sessionOf(family), why })
  }
}

/** That a session is still as it was read. */
export const isUnchanged = ({ family, version }: Pick<Family, 'family' | 'version'>): SessionCondition => ({
  family,
  version,
})

/** That all sessions of a group are still as they were read. */
export const areUnchanged = (group: SessionGroup, families: readonly Family[]): SessionCondition => ({
  group,
  rows: families.length,
  newest: Math.max(0, ...families.map(({ version }) => version)),
})
