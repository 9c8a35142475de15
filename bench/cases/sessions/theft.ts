import type { Issuer } from '../../engines/refresh/issuer.js'
import { withEach } from '../../engines/refresh/issuers.js'
import { type SignedIn, type Theft, theft } from '../../engines/refresh/plays.js'
import { atLeast, type Case, type Context, type Row } from '../../harness/types.js'
import { Random } from '../../inputs/random.js'
import { sizesOf } from '../sizes.js'

/** When a thief uses a token: within the time in which a replay is answered, or after it. */
const SITUATIONS = {
  'thief 1 s after the victim': { first: 'victim', gap: 1 },
  'thief 1 s before the victim': { first: 'thief', gap: 1 },
  'thief 60 s after the victim': { first: 'victim', gap: 60 },
  'thief 60 s before the victim': { first: 'thief', gap: 60 },
} as const satisfies Readonly<Record<string, Pick<Theft, 'first' | 'gap'>>>

/** Beyond what any window of replays can notice: what remains is to bind the session to a key. */
const IN_STEP = 'thief 1 s after the victim each time, for an hour'

const NAMES = [...(Object.keys(SITUATIONS) as (keyof typeof SITUATIONS)[]), IN_STEP] as const

type Play = (how: Theft) => Promise<SignedIn[]>

async function run(context: Context): Promise<Row[]> {
  const { logins } = sizesOf('sessions-theft', context.scale)
  const rows = new Map<string, Row[]>(NAMES.map((situation) => [situation, []]))
  await withEach(context, async (issuer) => {
    const random = new Random(context.seed, 'sessions-theft')
    const play: Play = async (how) => {
      const seen: SignedIn[] = []
      for (let login = 0; login < logins; login++)
        seen.push(await theft(issuer, `user-${random.hex(16)}`, how))
      return seen
    }
    for (const situation of NAMES) rows.get(situation)?.push(await rowOf(issuer, situation, play))
  })
  return [...rows.values()].flat()
}

async function rowOf(issuer: Issuer, situation: (typeof NAMES)[number], play: Play): Promise<Row> {
  const isInStep = situation === IN_STEP
  const how = isInStep ? ({ first: 'victim', gap: 1 } as const) : SITUATIONS[situation]
  const atOnce = await play({ ...how, rounds: 0, apart: 0 })
  const later = await play({ ...how, rounds: isInStep ? 6 : 1, apart: isInStep ? 1 : 60 })
  const isHeld = issuer.promises === 'strict' || (issuer.promises === 'window' && !isInStep)
  const thieves = later.filter(({ thief }) => thief).length
  const victims = later.filter(({ victim }) => victim).length
  const signedIn = `signed in at the end: ${thieves} thieves, ${victims} victims`
  return {
    what: `${situation}, noticed: ${issuer.name}`,
    value: noticed(later),
    unit: '',
    ...(isHeld ? { target: atLeast(later.length) } : {}),
    from: `of ${later.length}, ${noticed(atOnce)} at once; ${signedIn}`,
  }
}

/** Nobody is signed in any more: the login was ended. */
const noticed = (seen: readonly SignedIn[]): number =>
  seen.filter(({ victim, thief }) => !victim && !thief).length

export const sessionsTheft: Case = {
  name: 'sessions-theft',
  title: 'One refresh token, used by its client and by a thief',
  run,
}
