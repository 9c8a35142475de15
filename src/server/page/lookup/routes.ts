import type { FastifyInstance } from 'fastify'
import type { PageParts } from '../page-parts.js'
import { claimNames, lookupForms } from './forms.js'
import { lookUpClaim, lookUpToken } from './look-up.js'
import { resultView } from './result-view.js'

/** Look a token up, and see why it is revoked. */
export function lookupRoutes(app: FastifyInstance, parts: PageParts): void {
  const { guard, engine } = parts
  const names = claimNames(engine)
  app.get(
    '/lookup',
    guard.reads(({ login }) => ({ title: 'Look up', body: lookupForms(login, names) })),
  )
  app.post(
    '/lookup',
    guard.acts('viewer', async (visit) => {
      const { form, login } = visit
      const result = form.has('claim') ? await lookUpClaim(parts, form) : await lookUpToken(parts, form)
      return { title: 'Look up', body: resultView(result, visit, lookupForms(login, names, result.asked)) }
    }),
  )
}
