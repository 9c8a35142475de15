import { randomBytes } from 'node:crypto'
import { RevocadeError } from '../../errors.js'
import type { StoreContext } from '../../ports/index.js'
import { digestKey, keyToKeep, requireKeyLength } from '../format/digest-key.js'
import type { StoreConnection } from './connection.js'
import { toRevocadeError } from './errors.js'
import type { RedisStoreSettings } from './options.js'
import { promiseOf } from './promise.js'
import { ENTER, LAYOUT_VERSION, OPEN } from './scripts/setup-scripts.js'
import { readServerFacts, type RedisServerFacts, requireUsable } from './server-facts.js'

/** What an opened store knows of itself. */
export interface OpenedStore {
  readonly id: string
  readonly key: Uint8Array
  /** KEYS[1] of all scripts. */
  readonly head: string
  readonly namespace: string
  readonly namespaceId: number
  readonly seq: number
  readonly toleranceSeconds: number
  readonly ownToleranceSeconds: number
  /** Milliseconds since 1970, by the clock of the server. */
  readonly serverMs: number
  readonly facts: RedisServerFacts
}

/** Milliseconds for each step. */
const STEP_MS = 5000

/** The key of a store's head. The prefix is the hash tag of all its keys. */
export const headOf = (keyPrefix: string): string => `{${keyPrefix}}:head`

/**
 * Opens the store; makes it first if there is none. After that it is never made again: if it is gone, all
 * that is asked of it fails.
 *
 * @throws {RevocadeError} ERR_STORE_UNAVAILABLE, ERR_STORE_MISMATCH, ERR_STORE_CORRUPT or ERR_CONFIG
 */
export async function setUp(
  connection: StoreConnection,
  settings: RedisStoreSettings,
  context: StoreContext,
): Promise<OpenedStore> {
  const { secret, logger, namespace, clockToleranceSeconds = 0 } = context
  requireKeyLength(secret)
  try {
    const head = headOf(settings.keyPrefix)
    const facts = await readServerFacts(connection, head, STEP_MS)
    requireUsable(facts, settings, logger)
    const { id, key } = await findOrMake({ connection, settings, context, head })
    const ownToleranceSeconds = Math.ceil(clockToleranceSeconds)
    const reply = await connection.run(ENTER, head, [id, namespace, ownToleranceSeconds], STEP_MS)
    const [namespaceId, seq, toleranceSeconds, serverMs] = (reply as unknown[]).map(Number)
    sayWhatIsPromised(settings, context, facts)
    return {
      ...{ id, key, head, namespace, ownToleranceSeconds, facts },
      ...{ namespaceId: namespaceId ?? 0, seq: seq ?? 0 },
      ...{ toleranceSeconds: toleranceSeconds ?? 0, serverMs: serverMs ?? 0 },
    }
  } catch (error) {
    throw toRevocadeError(error, 'open')
  }
}

interface Place {
  readonly connection: StoreConnection
  readonly settings: RedisStoreSettings
  readonly context: StoreContext
  readonly head: string
}

async function findOrMake({ connection, settings, context, head }: Place) {
  const { secret, logger } = context
  const [name, value] = keyToKeep(secret)
  const proposal = [randomBytes(12).toString('base64url'), name, value, new Date().toISOString()]
  const create = settings.create ? '1' : '0'
  const reply = (await connection.run(OPEN, head, [create, ...proposal], STEP_MS)) as Buffer[]
  const [made, version, id, kept, check] = reply
  const found = Number(version?.toString() ?? '')
  if (version === undefined || id === undefined || version.length === 0 || Number.isNaN(found))
    throw new RevocadeError(
      'ERR_STORE_MISMATCH',
      `the key ${head} is of another application: choose another prefix ('?prefix=' in the URL)`,
    )
  if (found > LAYOUT_VERSION)
    throw new RevocadeError(
      'ERR_STORE_MISMATCH',
      `the store has layout version ${found}, but this package knows only ${LAYOUT_VERSION}: update it`,
    )
  if (made?.toString() === '1')
    logger.warn(
      { redis: settings.description, keyPrefix: settings.keyPrefix, id: id.toString() },
      'a new, empty store was made in Redis. If there was one before, the server has lost it',
    )
  return { id: id.toString(), key: digestKey(unlessEmpty(kept), unlessEmpty(check), secret) }
}

function sayWhatIsPromised(
  settings: RedisStoreSettings,
  { logger }: StoreContext,
  { appendfsync, role }: RedisServerFacts,
): void {
  const details = { redis: settings.description, role, appendfsync, waitReplicas: settings.waitReplicas }
  if (appendfsync === 'always') logger.info(details, promiseOf(appendfsync))
  else logger.warn(details, promiseOf(appendfsync))
}

const unlessEmpty = (bytes: Buffer | undefined): Buffer | undefined =>
  bytes === undefined || bytes.length === 0 ? undefined : bytes
