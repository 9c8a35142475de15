import type { FastifyReply, FastifyRequest } from 'fastify'
import { holdsToken } from '../../token/token-in-text.js'
import { type Form, formOf } from '../oauth/form.js'
import { asRequestError, RequestError } from '../problem.js'
import { readCookie } from './cookie.js'
import { document } from './document.js'
import { html } from './html.js'
import type { Login, Logins } from './logins.js'
import { isSameOrigin } from './same-origin.js'
import { CSRF_FIELD, type View, type Visit } from './view.js'

/** What makes a view. */
export type Handler = (visit: Visit) => View | Promise<View>

type Route = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

const NO_FORM: Form = new Map()

/** Who may see what, and what is sent. */
export class Guard {
  readonly #logins: Logins

  constructor(logins: Logins) {
    this.#logins = logins
  }

  /** A page to read. Who has not logged in is sent to do so. */
  readonly reads =
    (handler: Handler, role: 'viewer' | 'editor' = 'viewer'): Route =>
    async (request, reply) => {
      const login = this.loginOf(request)
      if (login === undefined) return reply.redirect('login', 303)
      requireRole(login, role)
      return this.#send(await handler({ login, request, now: Date.now(), form: NO_FORM }), login, reply)
    }

  /** What a form of the page asks for. A token in the wrong field is refused: fields are shown again. */
  readonly acts =
    (role: 'viewer' | 'editor', handler: Handler): Route =>
    async (request, reply) => {
      const { login, form } = this.actor(request)
      requireRole(login, role)
      refuseTokens(form)
      return this.#send(await handler({ login, request, now: Date.now(), form }), login, reply)
    }

  loginOf(request: FastifyRequest, isUse = true): Login | undefined {
    return this.#logins.find(readCookie(request.headers), isUse)
  }

  /**
   * Whose form it is.
   *
   * @throws {RequestError} when it is not from a page of this login
   */
  actor(request: FastifyRequest): { readonly login: Login; readonly form: Form } {
    requireSameOrigin(request)
    const login = this.loginOf(request)
    if (login === undefined)
      throw new RequestError(401, 'signed-out', 'you are not signed in any more, so nothing was done')
    const form = formOf(request.body)
    if (!login.hasCsrf(form.get(CSRF_FIELD)))
      throw new RequestError(403, 'not-from-here', 'this form is not from a page of your login: open it anew')
    return { login, form }
  }

  /** Sends what went wrong, as a page. */
  readonly sendError = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const failure = asRequestError(error)
    if (failure.statusCode >= 500) request.log.error({ err: error }, 'a request failed')
    reply.headers(failure.headers)
    const text = `${failure.message.charAt(0).toUpperCase()}${failure.message.slice(1)}.`
    const login = this.loginOf(request)
    const [href, name] = login === undefined ? ['login', 'Sign in'] : ['./', 'Back to the overview']
    const body = html`<p>${text}</p>
      <p><a href="${href}">${name}</a></p>`
    return this.#send(
      { title: TITLES[failure.statusCode] ?? FAILED, body, status: failure.statusCode },
      login,
      reply,
    )
  }

  #send(view: View, login: Login | undefined, reply: FastifyReply): FastifyReply {
    if ('goTo' in view) return reply.redirect(view.goTo, 303)
    if ('download' in view)
      return reply
        .type(view.type)
        .header('Content-Disposition', `attachment; filename="${view.fileName}"`)
        .send(view.download)
    const notice = login?.notice
    if (login !== undefined) login.notice = undefined
    const [, , path = ''] = reply.request.routeOptions.url?.split('/') ?? []
    return sendPage(reply, document({ ...view, login, notice, path: path === '' ? './' : path }), view.status)
  }
}

/** Sends a whole page. */
export function sendPage(reply: FastifyReply, page: string, status = 200): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(page)
}

/** @throws {RequestError} when another site has sent the form */
export function requireSameOrigin({ headers }: FastifyRequest): void {
  if (isSameOrigin(headers)) return
  throw new RequestError(403, 'other-origin', 'this form comes from another site, so nothing was done')
}

function requireRole({ admin }: Login, role: 'viewer' | 'editor'): void {
  if (role === 'editor' && admin.role !== 'editor')
    throw new RequestError(403, 'forbidden', 'you are a viewer, and only an editor can change something')
}

/** Fields that are not shown again: a token is not repeated, and is removed from a reason. */
const MAY_HOLD_TOKENS: ReadonlySet<string> = new Set(['token', 'reason'])

function refuseTokens(form: Form): void {
  for (const [name, value] of form)
    if (!MAY_HOLD_TOKENS.has(name) && holdsToken(value))
      throw new RequestError(400, 'misplaced-token', MISPLACED)
}

const MISPLACED =
  'there is a token in a field for something else, so nothing was done: go back, and paste it where a ' +
  'token is asked for'

const FAILED = 'That did not work'
const TITLES: Readonly<Record<number, string>> = {
  401: 'Signed out',
  403: 'Not allowed',
  404: 'Not found',
  429: 'Too many attempts',
  500: 'A fault of this server',
  503: 'Not possible at the moment',
}
