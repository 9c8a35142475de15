import type { Revocade } from '../../api.js'
import type { StoreOptions } from '../options.js'
import { whole } from '../output/format-numbers.js'
import { requireStore, withStore } from '../with-store.js'
import { fail, type Finding, millisecondsText, ok, warn } from './finding.js'
import { checkSessions } from './sessions.js'

/** Milliseconds above which a poll may not come in time for a lease of a second. */
const SLOW_ROUND_TRIP_MS = 100

/** The finding on the time that one query takes. */
export function roundTrip(roundTripMs: number): Finding {
  const detail = `${millisecondsText(roundTripMs)} (one query)`
  if (roundTripMs <= SLOW_ROUND_TRIP_MS) return ok('round trip', detail)
  return warn(
    'round trip',
    detail,
    'A lease needs an answer within a third of maxStalenessMs: raise that option.',
  )
}

/**
 * Has a store answer a check. No token has the id that it asks for, so the answer must be "active", unless
 * everyone is revoked.
 *
 * @param facts - which store it is
 */
export async function answer(engine: Revocade, facts: string): Promise<Finding> {
  const { status, revocation } = await engine.check({ jti: 'revocade doctor' })
  if (status === 'active') return ok('store', facts)
  const { target } = revocation ?? {}
  if (status === 'revoked' && target?.kind === 'selector' && Object.keys(target.where).length === 0)
    return ok('store', `${facts}. A revocation of everyone is live`)
  return fail('store', `a check answered "${status}"`, 'See the log of the services.')
}

/**
 * Opens the store on a server, and has it answer a check.
 *
 * @param place - where on the server it is
 */
export async function openedStore(
  options: StoreOptions,
  namespaces: readonly string[] | undefined,
  place: string,
): Promise<Finding[]> {
  // Any namespace shows whether the store works. Only one that was named must be there.
  const namespaced = { namespace: namespaces?.[0] ?? 'default', ...options }
  await requireStore(namespaced)
  return withStore(namespaced, {}, async (engine, store) => {
    const facts = store.stats()
    return [
      await answer(engine, `seq ${facts.seq}, id ${facts.id}, ${place}`),
      ok(
        'clock tolerance',
        `${whole(Number(facts.clockToleranceSeconds))} s, the largest of the engines that used the store`,
      ),
      ...(await checkSessions(store)),
    ]
  })
}
