import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify'
import type { Admins } from '../credentials.js'
import { formOf } from '../oauth/form.js'
import { RequestError } from '../problem.js'
import { clearCookie, readCookie, writeCookie } from './cookie.js'
import { document } from './document.js'
import { type Guard, requireSameOrigin, sendPage } from './guard.js'
import { type Html, html } from './html.js'
import type { Logins } from './logins.js'

/** Attempts of one address in a minute. The API, which needs no login, has no such limit. */
const ATTEMPTS = 20
const MINUTE_MS = 60_000
const SILENT = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false }

/** What logins need. */
export interface LoginParts {
  readonly admins: Admins
  readonly logins: Logins
  readonly guard: Guard
}

/** `login` and `logout`: the token of an admin for a cookie. */
export async function loginRoutes(
  app: FastifyInstance,
  { admins, logins, guard }: LoginParts,
): Promise<void> {
  await app.register(rateLimit, { global: false, addHeaders: SILENT, addHeadersOnExceeding: SILENT })
  app.get('/login', (request, reply) =>
    guard.loginOf(request) === undefined ? sendForm(request, reply) : reply.redirect('./', 303),
  )
  const limit = app.rateLimit({
    max: ATTEMPTS,
    timeWindow: MINUTE_MS,
    errorResponseBuilder: (_request, { ttl }) =>
      new RequestError(429, 'too-many', 'there were too many attempts to sign in: wait a minute', {
        'Retry-After': String(Math.ceil(ttl / 1000)),
      }),
  })
  app.post('/login', { preHandler: [fromHere, limit] }, (request, reply) => {
    const admin = admins.find(formOf(request.body).get('token')?.trim() ?? '')
    if (admin === undefined) {
      app.log.warn({ address: request.ip }, 'a login to the page was refused')
      return sendForm(request, reply.code(401), html`That is not the token of an admin.`)
    }
    // Whoever had this browser before is signed out.
    const before = readCookie(request.headers)
    if (before !== undefined) logins.end(before)
    app.log.info({ actor: admin.name }, 'signed in')
    return reply.header('Set-Cookie', writeCookie(request.headers, logins.begin(admin))).redirect('./', 303)
  })
  app.post('/logout', (request, reply) => {
    guard.actor(request)
    const id = readCookie(request.headers)
    if (id !== undefined) logins.end(id)
    return reply.header('Set-Cookie', clearCookie(request.headers)).redirect('login', 303)
  })
}

/** Before attempts are counted: another site must not use up those of whoever has it open. */
const fromHere: preHandlerHookHandler = (request, _reply, done) => {
  requireSameOrigin(request)
  done()
}

function sendForm({ headers }: FastifyRequest, reply: FastifyReply, fault?: Html): FastifyReply {
  // After a link of another site, browsers hold a cookie of the kind "strict" back.
  const cameByLink = headers['sec-fetch-site'] === 'cross-site'
  const body = html`<form class="card narrow" method="post" action="login">
    ${fault !== undefined && html`<p class="fault" role="alert">${fault}</p>`}
    <label for="username">Name <span class="quiet">(only for your password manager)</span></label>
    <input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" />
    <label for="token">Admin token</label>
    <input
      id="token"
      name="token"
      type="password"
      autocomplete="current-password"
      required${fault !== undefined && html` aria-invalid="true"`}
      autofocus
    />
    <button type="submit">Sign in</button>
    <p class="quiet">
      The token is your password here. If you have none, ask whoever runs this server: it is set in
      <code>REVOCADE_ADMIN_TOKEN</code> or <code>REVOCADE_ADMINS</code>, or as <code>adminToken</code> or
      <code>admins</code> in the file of <code>--config</code>.
    </p>
    ${
      cameByLink &&
      html`<p>You came by a link. If you are signed in already: <a href="./">open the overview</a>.</p>`
    }
  </form>`
  return sendPage(
    reply,
    document({ title: 'Sign in', body, login: undefined, path: 'login' }),
    reply.statusCode,
  )
}
