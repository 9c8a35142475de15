import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Session, Sessions, SessionsToEnd } from '../../../sessions/index.js'
import type { Form } from '../../oauth/form.js'
import { RequestError } from '../../problem.js'
import { type Html, html } from '../html.js'

/** Whose sessions a page shows. It waits in the login, so that it stands in no address. */
export class Owner {
  readonly where: { readonly sub: string } | { readonly sid: string }

  constructor(where: Owner['where']) {
    this.where = where
  }
}

/** An end that waits for its confirmation. */
export class PreparedEnd {
  readonly toEnd: SessionsToEnd
  readonly words: Html
  /** What to show afterwards. */
  readonly owner: Owner

  constructor(toEnd: SessionsToEnd, words: Html, owner: Owner) {
    this.toEnd = toEnd
    this.words = words
    this.owner = owner
  }
}

/**
 * Whose sessions a form asks for.
 *
 * @throws {RequestError} when it names nobody
 */
export function readOwner(form: Form): Owner {
  const value = form.get('value')?.trim() ?? ''
  if (value === '') throw new RequestError(400, 'no-value', 'give a user or a login')
  return new Owner(form.get('by') === 'sid' ? { sid: value } : { sub: value })
}

/**
 * What a button of the list asks for.
 *
 * @throws {RequestError} when it is none of ours
 */
export function readEnd(form: Form): PreparedEnd {
  const [sub = '', sid = '', clientId = ''] = ['sub', 'sid', 'clientId'].map((name) => form.get(name))
  const owner = new Owner(sub === '' ? { sid } : { sub })
  const login = html`the login <code>${sid}</code>`
  const user = html`<code>${sub}</code>`
  switch (form.get('what')) {
    case 'login':
      return new PreparedEnd({ sid }, login, owner)
    case 'app':
      return new PreparedEnd(
        { sid, clientId },
        html`the application <code>${clientId}</code> in ${login}`,
        owner,
      )
    case 'others':
      return new PreparedEnd({ sub, except: sid }, html`all logins of ${user} but ${login}`, owner)
    case 'all':
      return new PreparedEnd({ sub }, html`all logins of ${user}`, owner)
    default:
      throw new RequestError(400, 'invalid-request', 'say what to end')
  }
}

/** Sessions on one page. Whoever logs in often must not make a page of any size. */
const MOST_SHOWN = 50
/** Sessions that are counted before checks get their turn. */
const COUNTED_AT_ONCE = 500

/** Live sessions, oldest first: those that are shown, and how many there are. */
export interface SomeSessions {
  readonly shown: readonly Session[]
  readonly total: number
}

/** The live sessions that an end would reach now. */
export async function reached(sessions: Sessions, toEnd: SessionsToEnd): Promise<SomeSessions> {
  if ('refreshToken' in toEnd) return { shown: [], total: 0 }
  if ('sub' in toEnd) {
    const { sub, except } = toEnd
    return someOf(sessions, { sub }, ({ sid }) => sid !== except)
  }
  const { sid, clientId } = toEnd
  return someOf(sessions, { sid }, (session) => clientId === undefined || session.clientId === clientId)
}

/** The live sessions of a user or a login that are wanted. */
export async function someOf(
  sessions: Sessions,
  where: Owner['where'],
  isWanted: (session: Session) => boolean = () => true,
): Promise<SomeSessions> {
  const shown: Session[] = []
  let [total, looked] = [0, 0]
  for await (const session of sessions.list(where)) {
    if (++looked % COUNTED_AT_ONCE === 0) await nextTurn()
    if (!isWanted(session)) continue
    total++
    if (shown.length < MOST_SHOWN) shown.push(session)
  }
  return { shown, total }
}
