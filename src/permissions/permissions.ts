import type { Revocade, RevokeOptions, Selector, Token } from '../api.js'
import { internalsOf } from '../engine/internals.js'
import type { LoadingCacheStats } from '../engine/loading-cache.js'
import type { InvalidationReceipt } from '../receipt.js'
import { asRecord, oneOfOption, rejectUnknownKeys } from '../validate.js'
import { KeptBy } from './kept-by.js'
import { type LoadContext, type PermissionsOptions, readPermissionsOptions } from './options.js'

/** Options of {@link Permissions.invalidate}. */
export interface InvalidateOptions {
  /**
   * `durable`: the call resolves once the change is durable, and this process follows it. `fleet`: once all
   * processes with the same `maxStalenessMs` do.
   *
   * @default 'durable'
   */
  readonly ack?: RevokeOptions['ack']
}

/** Counts of {@link Permissions.stats} since the start; `entries` and `loading` are of now. */
export type PermissionsStats = LoadingCacheStats

/** Values that are kept by claims, such as the permissions of a user. The methods are bound. */
export interface Permissions<T> {
  /**
   * The value for a token's verified claims. It is loaded when it is not kept, and when the engine can't tell
   * whether what is kept was invalidated. Calls that come meanwhile share one load. All callers get the same
   * object: freeze it, or do not change it.
   *
   * Rejects with `ERR_INVALID_TOKEN` when a claim of `by` is absent or neither a non-empty string nor a whole
   * number, and with what `load` throws.
   */
  readonly get: (claims: Exclude<Token, string>) => Promise<T>
  /**
   * Call it after the change of a role or a permission is committed. Once it resolves, nobody who asks this
   * process is given what was loaded before; whoever asks another one is not given it after Δ
   * (`maxStalenessMs`).
   *
   * Rejects with `ERR_CONFIG`, `ERR_INVALID_TOKEN`, `ERR_NOT_DURABLE`, `ERR_UNAVAILABLE`, `ERR_STORE_*`,
   * `ERR_CLOSED`. It is then not known whether others hear of it: call it again.
   *
   * @param where - whose values: some or all claims of `by`. Without it, or with `{}`: everybody's
   */
  readonly invalidate: (where?: Selector, options?: InvalidateOptions) => Promise<InvalidationReceipt>
  readonly stats: () => PermissionsStats
}

/**
 * Keeps what is loaded for a user, for `ttlSeconds` at most, until a call of `invalidate` in any process, or
 * until a revocation by claims of `by`, such as `revokeWhere({ sub })`. Values never leave the process.
 *
 * Whether the token is revoked is not asked: ask the engine first.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or out of range, or the engine is not one that
 *   `createRevocade` made
 * @example
 * const permissions = createPermissions(revocade, { load: ({ sub }) => db.permissionsOf(sub) })
 * const allowed = await permissions.get(claims)
 * await permissions.invalidate({ sub: 'user-1' })
 */
export function createPermissions<T, By extends string = 'sub'>(
  revocade: Revocade,
  options: PermissionsOptions<T, By>,
): Permissions<T> {
  const { digester, marks, newCache } = internalsOf(revocade, 'createPermissions').layers
  const { load, by, ttlSeconds, max, name } = readPermissionsOptions(options)
  const kept = new KeptBy(digester, ['permissions', name], by)
  const cache = newCache<T>({ max, ttlSeconds, watchedByAll: kept.watchedByAll() })

  return {
    get: (claims) => {
      try {
        const values = kept.valuesOf(claims)
        return cache.get({
          key: values.length === 1 ? (values[0] ?? '') : JSON.stringify(values),
          watched: () => kept.watched(values),
          load: () => load(kept.claimsOf(values), contextOf(ttlSeconds)),
        })
      } catch (error) {
        return Promise.reject(error instanceof Error ? error : new TypeError('the claims can not be used'))
      }
    },
    invalidate: async (where = {}, given = {}) => {
      rejectUnknownKeys(asRecord(given, 'the options'), ['ack'], 'option')
      const ack = oneOfOption(given.ack, 'ack', ['durable', 'fleet'], 'durable')
      return marks.write({ ...kept.markOf(where), ttlSeconds, ack })
    },
    stats: () => cache.stats(),
  }
}

/** The signal is made when it is asked for: few loaders do. */
function contextOf(ttlSeconds: number): LoadContext {
  let signal: AbortSignal | undefined
  return {
    get signal() {
      return (signal ??= AbortSignal.timeout(Math.ceil(ttlSeconds * 1000)))
    },
  }
}
