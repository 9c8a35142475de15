import type { Issuer } from '../../engines/refresh/issuer.js'
import { withEach } from '../../engines/refresh/issuers.js'
import { type Left, lostAnswer, race } from '../../engines/refresh/plays.js'
import { atMost, type Case, type Context, type Row } from '../../harness/types.js'
import { Random } from '../../inputs/random.js'
import { sizesOf } from '../sizes.js'

/** What an honest client does with one refresh token. */
const SITUATIONS = {
  '2 refreshes at once': (issuer: Issuer, user: string) => race(issuer, user, 2),
  '8 refreshes at once': (issuer: Issuer, user: string) => race(issuer, user, 8),
  'a lost answer, asked again after 1 s': (issuer: Issuer, user: string) => lostAnswer(issuer, user, 1),
  'a lost answer, asked again after 60 s': (issuer: Issuer, user: string) => lostAnswer(issuer, user, 60),
} as const

type Situation = keyof typeof SITUATIONS

/** The one that is beyond what `replaySeconds` promises. */
const BEYOND: Situation = 'a lost answer, asked again after 60 s'

const NAMES = Object.keys(SITUATIONS) as Situation[]

async function run(context: Context): Promise<Row[]> {
  const { logins } = sizesOf('sessions-race', context.scale)
  const rows = new Map<Situation, Row[]>(NAMES.map((situation) => [situation, []]))
  await withEach(context, async (issuer) => {
    // Nothing is timed, so each issuer does all at once: what takes turns here are its own requests.
    const random = new Random(context.seed, 'sessions-race')
    for (const situation of NAMES) {
      const seen: Left[] = []
      for (let login = 0; login < logins; login++)
        seen.push(await SITUATIONS[situation](issuer, `user-${random.hex(16)}`))
      rows.get(situation)?.push(...rowsOf(issuer, situation, seen))
    }
  })
  return [...rows.values()].flat().toSorted((a, b) => Number(isSignedOut(a)) - Number(isSignedOut(b)))
}

const SIGNED_OUT = 'users signed out'
const isSignedOut = ({ what }: Row): boolean => what.includes(SIGNED_OUT)

function rowsOf(issuer: Issuer, situation: Situation, seen: readonly Left[]): Row[] {
  const isHeld = issuer.promises === 'window' && situation !== BEYOND
  const branches = seen.map((one) => one.branches)
  const refused = seen.reduce((sum, one) => sum + one.refused, 0)
  return [
    {
      what: `${situation}, most live branches of a login: ${issuer.name}`,
      value: Math.max(...branches),
      unit: '',
      ...(isHeld ? { target: atMost(1) } : {}),
      from: distribution(branches),
    },
    {
      what: `${situation}, ${SIGNED_OUT}: ${issuer.name}`,
      value: branches.filter((count) => count === 0).length,
      unit: '',
      ...(isHeld ? { target: atMost(0) } : {}),
      from: `of ${seen.length}; ${refused} requests were refused`,
    },
  ]
}

/** Such as `2 in 17, 1 in 3 of 20 logins`. */
function distribution(branches: readonly number[]): string {
  const counted = new Map<number, number>()
  for (const count of branches.toSorted((a, b) => b - a)) counted.set(count, (counted.get(count) ?? 0) + 1)
  const parts = [...counted].map(([count, logins]) => `${count} in ${logins}`)
  return `${parts.join(', ')} of ${branches.length} logins`
}

export const sessionsRace: Case = {
  name: 'sessions-race',
  title: 'One refresh token, sent several times by its own client',
  run,
}
