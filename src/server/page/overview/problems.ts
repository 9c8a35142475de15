import type { Stats } from '../../../api.js'
import { duration } from '../words.js'

/** Something that whoever is on call should know. */
export interface Problem {
  /** `bad`: tokens are not judged as they should be. `warn`: they are, and something needs care. */
  readonly level: 'bad' | 'warn'
  readonly title: string
  /** What follows from it, and what to do. */
  readonly text: string
}

/** What problems are found in. */
export interface Facts {
  /** Undefined where the store can't be asked for them. */
  readonly stats: Stats | undefined
  /** What `/readyz` says. */
  readonly unready: string | undefined
  readonly verifies: boolean
  /** Checks that nothing but the policy could decide. */
  readonly byPolicy: number
}

/** What is wrong, worst first. */
export function problemsIn({ stats, unready, verifies, byPolicy }: Facts): readonly Problem[] {
  const found = [
    ...(unready === undefined ? [] : [ofReadiness(unready)]),
    ...(stats === undefined ? [NO_STATS] : [...ofLease(stats), ...ofHistory(stats), ...ofSelectors(stats)]),
    ...(byPolicy === 0 ? [] : [ofPolicy(byPolicy)]),
    ...(stats?.redis == null ? [] : ofRedis(stats.redis)),
    ...(verifies ? [] : [UNVERIFIED]),
  ]
  return [...found.filter(({ level }) => level === 'bad'), ...found.filter(({ level }) => level === 'warn')]
}

const bad = (title: string, text: string): Problem => ({ level: 'bad', title, text })
const warn = (title: string, text: string): Problem => ({ level: 'warn', title, text })

const NO_STATS = bad(
  'The engine has no figures',
  'It was closed, or its store can not be asked. The log of this server has the reason.',
)

const UNVERIFIED = warn(
  'Signatures are not verified here',
  'The answer "not revoked" does not say that a token is genuine: the gateway must verify it. ' +
    'Give the option jwks or hmacSecret to have it done here.',
)

function ofReadiness(why: string): Problem {
  if (why.includes('about to end'))
    return bad('This server is about to end', 'It answers what is under way. Load balancers look elsewhere.')
  if (why.includes('key set'))
    return bad(
      'The key set can not be fetched',
      'No token can be verified, so every request is answered with 503. Look at the address in the option ' +
        'jwks, and at the log of this server.',
    )
  return bad(
    'The store can not be asked',
    'What memory can not decide is answered with 503, and nothing can be revoked. Look at the disk or the ' +
      'database, and at the log of this server.',
  )
}

function ofLease({ lease }: Stats): readonly Problem[] {
  if (lease.live || lease.maxStalenessMs === 0) return []
  const since = lease.ageMs === null ? 'since the start' : `for ${duration(lease.ageMs)}`
  return [
    bad(
      'Memory is not up to date',
      `Changes of the store were not read ${since}, and ${duration(lease.maxStalenessMs)} are allowed. ` +
        'Until they are, each check asks the store, which is slower.',
    ),
  ]
}

function ofHistory({ history }: Stats): readonly Problem[] {
  const { lost, pending } = history
  return [
    ...(lost === 0
      ? []
      : [
          bad(
            'The store has lost changes',
            `After a failover or a restore it lacks ${lost} of this server’s changes, and they are not ` +
              'written again. Look through the newest revocations, and revoke again what is missing.',
          ),
        ]),
    ...(pending === 0
      ? []
      : [warn('Revocations are written again', `The store has lost ${pending} of them, after a failover.`)]),
  ]
}

function ofSelectors({ selectors }: Stats): readonly Problem[] {
  const names = selectors.notHonoured.map((claims) => claims.join(' + '))
  if (names.length === 0) return []
  return [
    bad(
      'Some revocations have no effect',
      `The store has revocations by ${names.join(', ')}, and no check of this server looks for them: ` +
        'add them to the option claims.',
    ),
  ]
}

const ofPolicy = (checks: number): Problem =>
  bad(
    'Checks could not be decided',
    `${checks} since the start. The policy (option onUnknown) answered them.`,
  )

function ofRedis({ state, why, queued, warnings }: NonNullable<Stats['redis']>): readonly Problem[] {
  return [
    ...(state === 'unavailable'
      ? [
          warn(
            'Redis can not be used',
            `${why ?? 'No reason is known'}. Answers stay right: they come from memory and from the store.`,
          ),
        ]
      : []),
    ...(queued > 0 && state !== 'connecting'
      ? [warn('Redis lags behind', `${queued} parts of it wait to be written. Answers stay right.`)]
      : []),
    ...warnings
      .filter(({ level }) => level === 'warn')
      .map(({ message, advice }) => warn(`Redis: ${message}`, advice)),
  ]
}
