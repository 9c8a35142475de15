import type { FastifyInstance } from 'fastify'
import type { Sessions, SessionsReceipt } from '../../../sessions/index.js'
import { RequestError } from '../../problem.js'
import type { Guard } from '../guard.js'
import { type Html, html } from '../html.js'
import type { PageParts } from '../page-parts.js'
import type { View, Visit } from '../view.js'
import { distance } from '../words.js'
import { Owner, PreparedEnd, reached, readEnd, readOwner, someOf } from './ending.js'
import { openSessions } from './open-sessions.js'
import { endPreview, ownerForm, sessionsView } from './sessions-view.js'

/** The sessions of a user: list them, end some. */
export function sessionsRoutes(app: FastifyInstance, { guard, engine }: PageParts): void {
  const opened = openSessions(engine)
  if (typeof opened !== 'string') {
    showRoutes(app, guard, opened)
    endRoutes(app, guard, opened)
    return
  }
  const body = html`<p>This server can not show sessions: ${opened}.</p>`
  app.get(
    '/sessions',
    guard.reads(() => ({ title: 'Sessions', body })),
  )
}

function showRoutes(app: FastifyInstance, guard: Guard, sessions: Sessions): void {
  app.get(
    '/sessions',
    guard.reads(async (visit) => {
      const { login, request } = visit
      const { view } = Object(request.query) as { readonly view?: unknown }
      if (typeof view !== 'string') return { title: 'Sessions', body: ownerForm(login) }
      const owner = login.kept(view)
      if (!(owner instanceof Owner)) throw new RequestError(410, 'over', OVER)
      const found = await someOf(sessions, owner.where)
      return { title: 'Sessions', body: html`${ownerForm(login)} ${sessionsView(found, owner, visit)}` }
    }),
  )
  app.post(
    '/sessions',
    guard.acts('viewer', ({ login, form }) => ({ goTo: `sessions?view=${login.keep(readOwner(form))}` })),
  )
}

function endRoutes(app: FastifyInstance, guard: Guard, sessions: Sessions): void {
  const preview = async (
    visit: Visit,
    prepared: PreparedEnd,
    kept: string,
    fault?: string,
  ): Promise<View> => {
    const parts = {
      prepared,
      kept,
      reached: await reached(sessions, prepared.toEnd),
      back: `sessions?view=${visit.login.keep(prepared.owner)}`,
      fault,
    }
    const body = endPreview(parts, visit)
    return { title: 'Preview', body, ...(fault === undefined ? {} : { status: 400 }) }
  }
  app.post(
    '/end',
    guard.acts('editor', (visit) => {
      const prepared = readEnd(visit.form)
      return preview(visit, prepared, visit.login.keep(prepared))
    }),
  )
  app.post(
    '/end-confirm',
    guard.acts('editor', async (visit) => {
      const { login, form, now } = visit
      const kept = form.get('kept') ?? ''
      const prepared = login.kept(kept)
      if (!(prepared instanceof PreparedEnd)) throw new RequestError(410, 'over', OVER)
      const reason = form.get('reason')?.trim() ?? ''
      if (reason === '') return preview(visit, prepared, kept, NO_REASON)
      const receipt = await sessions.revoke(prepared.toEnd, { reason, actor: login.admin.name })
      const { ended, seq } = receipt
      app.log.info({ actor: login.admin.name, ended, seq }, 'sessions were ended on the page')
      login.notice = endedView(receipt, prepared, now)
      return { goTo: `sessions?view=${login.keep(prepared.owner)}` }
    }),
  )
}

const OVER = 'this page is too old, so nothing was done: begin again'
const NO_REASON = 'Give a reason: whoever looks later wants to know.'

function endedView(receipt: SessionsReceipt, { words }: PreparedEnd, now: number): Html {
  const { ended, effectiveEverywhereAt } = receipt
  const number = ended === 1 ? '1 session' : `${ended} sessions`
  return html`<p>
    <strong>Ended:</strong> ${words}, ${number}. It holds here at once, and in every other process
    ${distance(effectiveEverywhereAt.getTime() - now)}.
  </p>`
}
