import type { RevokeOptions } from '../api.js'
import type { Clock } from '../ports/clock.js'
import type { Digest, RevocationStore, StoredRow, Target } from '../ports/index.js'
import type { InvalidationReceipt } from '../receipt.js'
import { digestBytes, type TokenDigester } from '../token/identify.js'
import type { ChangeListener, ChangeTeller } from './change-listener.js'
import type { Commits } from './commits.js'
import { durableIn } from './receipts.js'
import type { Write } from './write.js'

/** Nanoseconds for which a failover may lose an acknowledged mark. */
const MAY_BE_LOST_NS = 120_000_000_000n

/** A cache by its kind and its name, the same in all processes. */
export type CacheName = readonly [kind: string, name: string]

/** What {@link Marks} needs. */
export interface MarksDeps {
  readonly digester: TokenDigester
  readonly clock: Clock
  readonly store: Pick<RevocationStore, 'durable'>
  readonly commits: () => Pick<Commits, 'write' | 'everywhere'>
}

/** What is out of date, and until when somebody may keep it. */
export interface Mark {
  readonly cache: CacheName
  /** The claims under which it is kept; `{}`: everything. */
  readonly where: Readonly<Record<string, string | number>>
  /** The longest that anything is kept. */
  readonly ttlSeconds: number
  readonly ack?: RevokeOptions['ack']
}

/**
 * Marks: changes that revoke nothing, and tell the caches of all engines what is out of date. A mark is a row
 * that is revoked and taken back in one commit. Its tombstone travels as every change does, and is purged
 * after its expiry. See decision 36.
 */
export class Marks implements ChangeTeller {
  readonly #deps: MarksDeps
  readonly #listeners = new Set<ChangeListener>()
  /** The newest mark of each cache that this engine has marked. */
  readonly #recent = new Map<string, { readonly mark: Mark; readonly at: bigint }>()
  /** To be marked again as a whole. */
  readonly #pending = new Map<string, Mark>()
  #writing = false

  constructor(deps: MarksDeps) {
    this.#deps = deps
  }

  /** Tells a listener of all changes from now on. */
  listen(listener: ChangeListener): void {
    this.#listeners.add(listener)
  }

  changed(digest: Digest): void {
    for (const listener of this.#listeners) listener.changed(digest)
  }

  historyChanged(): void {
    for (const listener of this.#listeners) listener.historyChanged()
    // The new history may lack a mark of this engine, which others then never hear of.
    const since = this.#deps.clock.monotonic() - MAY_BE_LOST_NS
    for (const [name, { mark, at }] of this.#recent) if (at > since) this.#pending.set(name, mark)
    this.#recent.clear()
  }

  /**
   * Marks. Once it resolves, the listeners of this engine have been told; those of others are told within Δ.
   *
   * @throws {RevocadeError} ERR_CONFIG or ERR_INVALID_TOKEN for claims that can't be used, and what the store
   *   rejects with
   */
  async write(mark: Mark): Promise<InvalidationReceipt> {
    const { clock, commits, digester, store } = this.#deps
    const digest = digester.targets.mark(mark.cache, mark.where).slice()
    this.#recent.set(JSON.stringify(mark.cache), { mark, at: clock.monotonic() })
    try {
      const now = clock.now()
      const expiresAt = Math.ceil(now / 1000) + mark.ttlSeconds
      const { written } = await commits().write(markWrites(digest, { revokedAt: now, expiresAt }))
      const { at, reached } = commits().everywhere()
      if (mark.ack === 'fleet') await reached()
      const seq = Math.max(...written.map((change) => change.seq))
      return { seq, durable: durableIn(store), effectiveEverywhereAt: at }
    } catch (error) {
      this.changed(digest) // It may be in the store all the same.
      throw error
    }
  }

  /** Marks again what a change of history may have lost. What fails is tried at the next call. */
  async rewrite(): Promise<void> {
    if (this.#pending.size === 0 || this.#writing) return
    this.#writing = true
    try {
      for (const [name, { cache, ttlSeconds }] of this.#pending) {
        await this.write({ cache, where: {}, ttlSeconds })
        this.#pending.delete(name)
      }
    } catch {
      // The next poll tries again.
    } finally {
      this.#writing = false
    }
  }
}

/** What the name of a mark ends with. */
const MARK_ZEROS = '0'.repeat(32)

/** Whether a row is a mark, which no listing should show. */
export const isMark = ({ revoked, target }: Pick<StoredRow, 'revoked' | 'target'>): boolean =>
  !revoked && target.kind === 'hash' && target.sha256.endsWith(MARK_ZEROS)

/** What the row of a mark has, besides its name. */
export interface MarkDetails {
  /** Milliseconds since 1970. */
  readonly revokedAt: number
  /** NumericDate seconds. It is purged afterwards. */
  readonly expiresAt: number
  readonly actor?: string
}

/** The two mutations of a mark. */
export function markWrites(digest: Digest, details: MarkDetails): Write[] {
  const bytes = digestBytes(digest)
  // A row must name something. No token has a hash with so many zeros, and it tells nothing of the claims.
  const target: Target = { kind: 'hash', sha256: `${Buffer.from(bytes).toString('hex')}${MARK_ZEROS}` }
  const { revokedAt } = details
  return [
    { mutation: { op: 'revoke', digest: bytes, target, ...details }, target, digest, isMark: true },
    { mutation: { op: 'unrevoke', digest: bytes, revokedAt }, target, digest, isMark: true },
  ]
}
