import type { Issuer } from './issuer.js'

/**
 * Which of these refresh tokens still work: each is exchanged, then each answer, so that what the exchange of
 * one does to the others shows. Tokens that are the same are one.
 */
export async function working(issuer: Issuer, tokens: Iterable<string | undefined>): Promise<Set<string>> {
  const first = new Map<string, string>()
  for (const token of new Set(tokens)) {
    const next = token === undefined ? undefined : await issuer.refresh(token)
    if (token !== undefined && next !== undefined) first.set(token, next)
  }
  const live = new Set<string>()
  for (const [token, next] of first)
    if ((await issuer.refresh(next, live.size + 1)) !== undefined) live.add(token)
  return live
}

/** What is left of a login after its client sent one token several times. */
export interface Left {
  /** Different refresh tokens that work, of those in the answers. */
  readonly branches: number
  /** Requests that were refused. */
  readonly refused: number
}

/** The client sends one refresh token `times` times at once: tabs that find their access token expired. */
export async function race(issuer: Issuer, user: string, times: number): Promise<Left> {
  const token = await issuer.login(user)
  const answers = await Promise.all(
    Array.from({ length: times }, (_, request) => issuer.refresh(token, request)),
  )
  return left(issuer, answers)
}

/** The answer to a refresh is lost; the client sends the same token again some seconds later. */
export async function lostAnswer(issuer: Issuer, user: string, seconds: number): Promise<Left> {
  const token = await issuer.login(user)
  await issuer.refresh(token)
  issuer.pass?.(seconds)
  return left(issuer, [await issuer.refresh(token, 1)])
}

async function left(issuer: Issuer, answers: readonly (string | undefined)[]): Promise<Left> {
  const { size } = await working(issuer, answers)
  return { branches: size, refused: answers.filter((answer) => answer === undefined).length }
}

type Party = 'victim' | 'thief'

/** How a thief uses a stolen refresh token. */
export interface Theft {
  readonly first: Party
  /** Seconds until the other one uses the same token. */
  readonly gap: number
  /** How often both refresh again afterwards, every ten minutes, the other one after the first. */
  readonly rounds: number
  /** Seconds between the two in these rounds. */
  readonly apart: number
}

/** Who is still signed in. When nobody is, the login was ended: the theft was noticed. */
export type SignedIn = Readonly<Record<Party, boolean>>

/** Victim and thief use the same token. Whoever is refused gives up, as a client with a login page does. */
export async function theft(issuer: Issuer, user: string, how: Theft): Promise<SignedIn> {
  const stolen = await issuer.login(user)
  const second: Party = how.first === 'victim' ? 'thief' : 'victim'
  const held: Record<Party, string | undefined> = { victim: stolen, thief: stolen }
  const use = async (who: Party): Promise<void> => {
    const token = held[who]
    if (token !== undefined) held[who] = await issuer.refresh(token, who === 'thief' ? 1 : 0)
  }
  await use(how.first)
  issuer.pass?.(how.gap)
  await use(second)
  for (let round = 0; round < how.rounds; round++) {
    issuer.pass?.(600)
    await use(how.first)
    issuer.pass?.(how.apart)
    await use(second)
  }
  const live = await working(issuer, Object.values(held))
  const isIn = (who: Party): boolean => held[who] !== undefined && live.has(held[who])
  return { victim: isIn('victim'), thief: isIn('thief') }
}
