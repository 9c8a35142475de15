import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Admin } from '../credentials.js'
import type { Html } from './html.js'

const MINUTE_MS = 60_000
/** A login ends after this long without a request. */
const IDLE_MS = 30 * MINUTE_MS
/** It ends after this long in any case. */
const ABSOLUTE_MS = 12 * 60 * MINUTE_MS
/** Of one admin. The oldest of them ends when there is one more. */
const MOST_LOGINS = 10
/** Things that one login keeps at a time. */
const MOST_KEPT = 20
/** How long they may be together, in characters as JSON. One alone is bounded by the size of a request. */
const MOST_KEPT_CHARACTERS = 256 * 1024

/** Somebody who has logged in. It is in memory only: a restart of the server ends it. */
export class Login {
  readonly admin: Admin
  /** Stands in every form of the page, and nowhere else. */
  readonly csrf = randomId()
  /** What the next page says first. */
  notice: Html | undefined
  readonly #kept = new Map<string, Kept>()
  #keptCharacters = 0
  readonly #end = new AbortController()

  constructor(admin: Admin) {
    this.admin = admin
  }

  /** Aborted when the login ends. */
  get ended(): AbortSignal {
    return this.#end.signal
  }

  end(): void {
    this.#end.abort()
  }

  hasCsrf(given: string | undefined): boolean {
    return given !== undefined && timingSafeEqual(sha256(given), sha256(this.csrf))
  }

  /** Keeps something for a later request, such as a token, which then need not stand in a page. */
  keep(value: unknown): string {
    const characters = JSON.stringify(value).length
    for (const [id, oldest] of this.#kept) {
      if (this.#kept.size < MOST_KEPT && this.#keptCharacters + characters <= MOST_KEPT_CHARACTERS) break
      this.#kept.delete(id)
      this.#keptCharacters -= oldest.characters
    }
    const id = randomId()
    this.#kept.set(id, { value, characters })
    this.#keptCharacters += characters
    return id
  }

  kept(id: string | undefined): unknown {
    return this.#kept.get(id ?? '')?.value
  }
}

interface Kept {
  readonly value: unknown
  readonly characters: number
}

interface Entry {
  readonly login: Login
  readonly begunMs: number
  usedMs: number
}

/** The logins by the ids in their cookies, of which only hashes are kept. */
export class Logins {
  readonly #entries = new Map<string, Entry>()
  readonly #now: () => number

  /** @param now - milliseconds, of a clock that can't be set */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** @returns the id for the cookie */
  begin(admin: Admin): string {
    const now = this.#now()
    for (const [key, entry] of this.#entries) if (isOver(entry, now)) this.#drop(key)
    const own = [...this.#entries].filter(([, { login }]) => login.admin.name === admin.name)
    const [oldest] = own
    if (oldest !== undefined && own.length >= MOST_LOGINS) this.#drop(oldest[0])
    const id = randomId()
    this.#entries.set(keyOf(id), { login: new Login(admin), begunMs: now, usedMs: now })
    return id
  }

  /**
   * The login with an id; undefined when there is none, or it has ended.
   *
   * @param isUse - whether it goes on for longer because of this request
   */
  find(id: string | undefined, isUse = true): Login | undefined {
    if (id === undefined) return undefined
    const entry = this.#entries.get(keyOf(id))
    if (entry === undefined) return undefined
    const now = this.#now()
    if (isOver(entry, now)) {
      this.#drop(keyOf(id))
      return undefined
    }
    if (isUse) entry.usedMs = now
    return entry.login
  }

  end(id: string): void {
    this.#drop(keyOf(id))
  }

  #drop(key: string): void {
    this.#entries.get(key)?.login.end()
    this.#entries.delete(key)
  }
}

const isOver = ({ begunMs, usedMs }: Entry, now: number): boolean =>
  now - usedMs >= IDLE_MS || now - begunMs >= ABSOLUTE_MS

const randomId = (): string => randomBytes(32).toString('base64url')
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()
const keyOf = (id: string): string => sha256(id).toString('base64')
