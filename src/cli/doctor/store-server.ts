import { RevocadeError } from '../../errors.js'
import type { PostgresFacts } from '../../store/postgres/index.js'
import { CliError } from '../errors.js'
import type { StoreOptions } from '../options.js'
import { whole } from '../output/format-numbers.js'
import { requireStore, withStore } from '../with-store.js'
import { fail, type Finding, millisecondsText, ok, warn } from './finding.js'

/** Milliseconds above which a poll may not come in time for a lease of a second. */
const SLOW_ROUND_TRIP_MS = 100

/** Checks a PostgreSQL server and the store on it. */
export async function checkStoreServer(options: StoreOptions): Promise<Finding[]> {
  try {
    const { inspectPostgres } = await import('../../store/postgres/index.js')
    const facts = await inspectPostgres(options.store)
    const findings = [server(facts), roundTrip(facts), durability(facts), standbys(facts), isolation(facts)]
    return [...findings, ...(await opened(options, facts))]
  } catch (error) {
    if (error instanceof RevocadeError || error instanceof CliError)
      return [fail('store', `${error.code}: ${error.message}`, 'See the message.')]
    throw error
  }
}

function server({ serverVersion, inRecovery }: PostgresFacts): Finding {
  const detail = `PostgreSQL ${serverVersion}, ${inRecovery ? 'a replica' : 'a primary'}`
  if (!inRecovery) return ok('server', detail)
  return fail('server', detail, 'Give the address of the primary: services refuse a replica.')
}

function roundTrip({ roundTripMs }: PostgresFacts): Finding {
  const detail = `${millisecondsText(roundTripMs)} (one query)`
  if (roundTripMs <= SLOW_ROUND_TRIP_MS) return ok('round trip', detail)
  return warn(
    'round trip',
    detail,
    'A lease needs an answer within a third of maxStalenessMs: raise that option.',
  )
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

async function opened(options: StoreOptions, { namespaces, schema }: PostgresFacts): Promise<Finding[]> {
  // Any namespace shows whether the store works. Only one that was named must be there.
  const namespaced = { namespace: namespaces?.[0] ?? 'default', ...options }
  await requireStore(namespaced)
  return withStore(namespaced, {}, async (engine, store) => {
    const facts = store.stats()
    // No token has this id, so the check reads the store and must answer "active".
    const { status } = await engine.check({ jti: 'revocade doctor' })
    return [
      status === 'active'
        ? ok('store', `seq ${facts.seq}, id ${facts.id}, schema ${schema}`)
        : fail('store', `a check answered "${status}"`, 'See the log of the services.'),
      ok(
        'clock tolerance',
        `${whole(Number(facts.clockToleranceSeconds))} s, the largest of the engines that used the store`,
      ),
    ]
  })
}
