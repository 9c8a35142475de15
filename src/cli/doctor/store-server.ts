import { RevocadeError } from '../../errors.js'
import type { PostgresFacts } from '../../store/postgres/index.js'
import { CliError } from '../errors.js'
import type { StoreOptions } from '../options.js'
import type { StoreServer } from '../store-location.js'
import { fail, type Finding, ok, warn } from './finding.js'
import { openedStore, roundTrip } from './opened-store.js'
import { checkRedisStore } from './store-redis.js'

const CHECKS: Readonly<Record<StoreServer, (options: StoreOptions) => Promise<Finding[]>>> = {
  postgres: checkPostgresStore,
  redis: checkRedisStore,
}

/** Checks the server of a store, and the store on it. */
export async function checkStoreServer(server: StoreServer, options: StoreOptions): Promise<Finding[]> {
  try {
    return await CHECKS[server](options)
  } catch (error) {
    if (error instanceof RevocadeError || error instanceof CliError)
      return [fail('store', `${error.code}: ${error.message}`, 'See the message.')]
    throw error
  }
}

async function checkPostgresStore(options: StoreOptions): Promise<Finding[]> {
  const { inspectPostgres } = await import('../../store/postgres/index.js')
  const facts = await inspectPostgres(options.store)
  const { roundTripMs, namespaces, schema } = facts
  const findings = [
    server(facts),
    roundTrip(roundTripMs),
    durability(facts),
    standbys(facts),
    isolation(facts),
  ]
  return [...findings, ...(await openedStore(options, namespaces, `schema ${schema}`))]
}

function server({ serverVersion, inRecovery }: PostgresFacts): Finding {
  const detail = `PostgreSQL ${serverVersion}, ${inRecovery ? 'a replica' : 'a primary'}`
  if (!inRecovery) return ok('server', detail)
  return fail('server', detail, 'Give the address of the primary: services refuse a replica.')
}

function durability({ settings }: PostgresFacts): Finding {
  const names = ['fsync', 'full_page_writes', 'synchronous_commit']
  const detail = names.map((name) => `${name} ${settings[name]}`).join(', ')
  if (settings.fsync !== 'on')
    return fail('durability', detail, 'A crash may lose acknowledged revocations: set fsync = on.')
  if (settings.full_page_writes !== 'on')
    return warn('durability', detail, 'Turn full_page_writes on, unless the storage writes whole pages.')
  // The store turns synchronous_commit on for its own commits.
  return ok('durability', detail)
}

function standbys({ settings }: PostgresFacts): Finding {
  const names = settings.synchronous_standby_names ?? ''
  if (names !== '') return ok('standbys', `commits wait for: ${names}`)
  return ok('standbys', 'none is waited for: a failover may lose the last acknowledged revocations')
}

function isolation({ settings }: PostgresFacts): Finding {
  const level = settings.default_transaction_isolation ?? ''
  if (level === 'read committed') return ok('isolation', level)
  return warn(
    'isolation',
    `${level} by default`,
    'Each commit then takes three round trips: set default_transaction_isolation for this role.',
  )
}
