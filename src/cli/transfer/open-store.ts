import { readOptions } from '../../options.js'
import type { Digest, RevocationStore, Target } from '../../ports/index.js'
import { TokenDigester } from '../../token/identify.js'
import { keyFromSecret } from '../../token/secret.js'
import { engineOptions, type StoreOptions } from '../options.js'
import { storeAt, toleranceAt } from '../store-location.js'

/** A namespace of an open store, without an engine: for commands that move rows as they are. */
export interface OpenNamespace {
  readonly store: RevocationStore
  /** Random, generated when the store was created. */
  readonly storeId: string
  readonly clockToleranceSeconds: number
  /** The digest of a target under the key of this store. */
  readonly digestOf: (target: Target) => Digest
}

/**
 * Opens a namespace of the store that the options name; creates it, and the store, where they are missing.
 * Close the store when done.
 *
 * @param clockToleranceSeconds - keeps at least this in the store, as engines that open it do
 * @throws {RevocadeError} as `createRevocade` does
 */
export async function openNamespace(
  options: StoreOptions,
  clockToleranceSeconds?: number,
): Promise<OpenNamespace> {
  const known = await toleranceAt(options.store)
  const settings = readOptions({
    ...engineOptions(options),
    clockToleranceSeconds: largest(known, clockToleranceSeconds),
  })
  const { secret, namespace, graceSeconds, clock, logger } = settings
  const store = await storeAt(options.store)
  const { id, key } = await store.open({
    namespace,
    secret: secret === undefined ? undefined : keyFromSecret(secret),
    exclusive: false,
    purgeGraceSeconds: graceSeconds,
    clockToleranceSeconds: settings.clockToleranceSeconds,
    clock,
    logger,
  })
  const digester = new TokenDigester({ ...settings, key })
  return {
    store,
    storeId: id,
    clockToleranceSeconds: store.clockToleranceSeconds ?? settings.clockToleranceSeconds,
    // A copy: the digester overwrites its own.
    digestOf: (target) => digester.target(target).slice(),
  }
}

const largest = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.max(one, other)
