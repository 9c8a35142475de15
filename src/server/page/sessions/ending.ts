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

/** The live sessions that an end would reach now. */
export async function reached(sessions: Sessions, toEnd: SessionsToEnd): Promise<readonly Session[]> {
  if ('refreshToken' in toEnd) return []
  const found = await allOf(sessions, 'sub' in toEnd ? { sub: toEnd.sub } : { sid: toEnd.sid })
  if ('sub' in toEnd) return found.filter(({ sid }) => sid !== toEnd.except)
  return found.filter(({ clientId }) => toEnd.clientId === undefined || clientId === toEnd.clientId)
}

/** The live sessions of a user or a login, oldest first. */
export async function allOf(sessions: Sessions, where: Owner['where']): Promise<readonly Session[]> {
  const found: Session[] = []
  for await (const session of sessions.list(where)) found.push(session)
  return found
}
