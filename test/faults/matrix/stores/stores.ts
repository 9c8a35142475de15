import type { Chance, Store, StoreKind } from '../scene.js'
import { postgresStore } from './postgres.js'
import { redisStore } from './redis.js'
import { sqliteStore } from './sqlite.js'

/** Starts each kind of store. The end of the test stops it. */
export const STORES: Readonly<Record<StoreKind, (random: Chance) => Promise<Store> | Store>> = {
  sqlite: sqliteStore,
  postgres: postgresStore,
  redis: redisStore,
}
