import type { Revocade } from './api.js'
import { readOptions, type RevocadeOptions } from './options.js'
import { createPrefilter } from './prefilter/create.js'
import { prepareRedis } from './redis/redis-layer.js'
import { resolveStore } from './store/resolve.js'
import { keyFromSecret } from './token/secret.js'

/**
 * Creates an engine. It opens the store and resolves once the prefilter holds every live revocation.
 *
 * @param options - see {@link RevocadeOptions}; all have defaults
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown, misspelt or out of range
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE when the store can't be opened or read
 * @throws {RevocadeError} ERR_STORE_MISMATCH when the store belongs to another application, schema or secret
 * @throws {RevocadeError} ERR_STORE_CORRUPT when the store is damaged or no database
 * @example
 * await using revocade = await createRevocade({ store: './revocade.db' })
 * await revocade.revoke(claims)
 * await revocade.isRevoked(claims) // true
 */
export async function createRevocade(options?: RevocadeOptions): Promise<Revocade> {
  const settings = readOptions(options)
  const { secret, namespace, exclusive, maxStalenessMs, clockToleranceSeconds, graceSeconds } = settings
  const { clock, logger } = settings
  // Not at the top: an older Node.js can't link lru-cache, and must get as far as require-node.ts.
  const { Engine } = await import('./engine/engine.js')
  // Every option is checked before the store is opened: a mistake must not leave a new store behind.
  const store = await resolveStore(settings.store)
  const key = secret === undefined ? undefined : keyFromSecret(secret)
  const prefilter = await createPrefilter(settings.prefilter)
  const openRedis = settings.redis === undefined ? undefined : await prepareRedis(settings.redis, store)
  // A store that refuses to open is not closed here: it may be open in another engine.
  const info = await store.open({
    namespace,
    secret: key,
    exclusive,
    purgeGraceSeconds: graceSeconds,
    clockToleranceSeconds,
    maxStalenessMs,
    clock,
    logger,
    buckets: openRedis !== undefined,
  })
  const redis = openRedis?.({ storeId: info.id, namespace, logger, clock })
  try {
    await redis?.start()
    return await Engine.start({ settings, store, info, prefilter, redis })
  } catch (error) {
    await redis?.close()
    await store.close()
    throw error
  }
}
